#include "data/images/jpeg.h"

// jpeglib.h needs these two before it.
#include <cstddef>
#include <cstdio>
//
#include <jpeglib.h>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/images/c_failure.h"
#include "data/images/orientation.h"

namespace expandnet::data {

namespace {

constexpr unsigned kJpegMaxSegment = 0xFFFF;
constexpr std::int64_t kJpegFullScale = 8;  // scales are eighths
// A progressive file may ask to decode every pixel again with each scan.
constexpr int kJpegMaxScans = 500;
// The coefficients of the largest progressive file take 1.5 GiB.
constexpr long kJpegMaxMemory = 1L << 31U;

[[noreturn]] void leave_jpeg(j_common_ptr info) {
  std::array<char, JMSG_LENGTH_MAX> message;
  info->err->format_message(info, message.data());
  static_cast<CFailure*>(info->client_data)->leave(message.data());
}

/// Takes for failures all warnings but those that leave the pixels right.
void judge_jpeg_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // a trace
  const auto code = info->err->msg_code;
  const bool harmless = code == JWRN_EXTRANEOUS_DATA ||
                        code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM ||
                        // Some cameras write a band of 0 to 0, which the
                        // decoder of sequential files does not look at.
                        code == JWRN_NOT_SEQUENTIAL;
  if (!harmless) leave_jpeg(info);
}

void limit_jpeg_scans(j_common_ptr info) {
  if (info->is_decompressor == FALSE) return;
  auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number <= kJpegMaxScans) return;
  std::array<char, 64> message;
  std::snprintf(message.data(), message.size(), "More than %d scans",
                kJpegMaxScans);
  static_cast<CFailure*>(info->client_data)->leave(message.data());
}

/// Red, green and blue of `count` pixels, from rows of three or four channels.
void copy_jpeg_pixels(const std::uint8_t* source, std::int64_t count,
                      const jpeg_decompress_struct& info,
                      std::uint8_t* pixels) {
  if (info.out_color_space != JCS_CMYK) {
    std::copy_n(source, count * 3, pixels);
    return;
  }
  // What is stored is how much light passes, as Adobe has it; PIL takes that of
  // files without Adobe's marker, too.
  for (std::int64_t i = 0; i < count; ++i, source += 4, pixels += 3) {
    for (int c = 0; c < 3; ++c) {
      pixels[c] =
          static_cast<std::uint8_t>((source[c] * source[3] + 127) / 255);
    }
  }
}

/// libjpeg's state, which goes whichever way it is left.
struct JpegState {
  JpegState() = default;
  JpegState(const JpegState&) = delete;
  JpegState& operator=(const JpegState&) = delete;
  ~JpegState() { jpeg_destroy_decompress(&info); }

  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  CFailure failure;
};

/// The pixels that a crop covers where the image is decoded at a scale.
struct ScaledCrop {
  std::int64_t scale;  ///< in eighths
  std::int64_t top, left, height, width;
  Box box;  ///< the crop itself, in these pixels
};

/// At the smallest scale that leaves the crop the size of `target`.
ScaledCrop scaled_crop(const Crop& crop, ImageSize target) {
  // The scales between are no faster: libjpeg-turbo has no vector code for
  // them.
  std::int64_t scale = 1;
  while (scale < kJpegFullScale &&
         (crop.height * scale < target.height * kJpegFullScale ||
          crop.width * scale < target.width * kJpegFullScale)) {
    scale *= 2;
  }
  const auto top = crop.top * scale / kJpegFullScale;
  const auto left = crop.left * scale / kJpegFullScale;
  const auto scaled_end = [&](std::int64_t end) {
    return (end * scale + kJpegFullScale - 1) / kJpegFullScale;
  };
  const auto scaled = [&](std::int64_t length) {
    return static_cast<double>(length * scale) /
           static_cast<double>(kJpegFullScale);
  };
  return {scale,
          top,
          left,
          scaled_end(crop.top + crop.height) - top,
          scaled_end(crop.left + crop.width) - left,
          {scaled(crop.top) - static_cast<double>(top),
           scaled(crop.left) - static_cast<double>(left), scaled(crop.height),
           scaled(crop.width)}};
}

/// Decodes an image once, as it is stored.
class JpegReader {
 public:
  /// Reads the header.
  explicit JpegReader(const EncodedImage& image);

  [[nodiscard]] ImageSize size() const {
    return {state_.info.image_height, state_.info.image_width};
  }
  /// That of EXIF, 1 to 8.
  [[nodiscard]] int orientation() const;
  [[nodiscard]] DecodedCrop decode(const Crop& crop, ImageSize target);

 private:
  /// Begins to decode, at the crop's first row; returns the column of the first
  /// pixel of each row.
  std::int64_t start(const ScaledCrop& crop);

  template <typename Call>
  void guard(const Call& call) {
    state_.failure.guard(call, [this](const char* why) { complain(why); });
  }
  [[noreturn]] void complain(const std::string& value) const {
    throw_file_error(kImageFile, "the JPEG data must decode",
                     in_quotes(path_) + ": " + value, "fetch the file again");
  }

  const std::string& path_;
  JpegState state_;
};

JpegReader::JpegReader(const EncodedImage& image) : path_(image.path) {
  const auto& bytes = image.bytes;
  auto& info = state_.info;
  info.err = jpeg_std_error(&state_.errors);
  state_.errors.error_exit = leave_jpeg;
  state_.errors.emit_message = judge_jpeg_message;
  info.client_data = &state_.failure;
  guard([&] {
    jpeg_create_decompress(&info);
    state_.progress.progress_monitor = limit_jpeg_scans;
    info.progress = &state_.progress;
    info.mem->max_memory_to_use = kJpegMaxMemory;
    jpeg_mem_src(&info, bytes.data(), bytes.size());
    jpeg_save_markers(&info, JPEG_APP0 + 1, kJpegMaxSegment);
    jpeg_read_header(&info, TRUE);
  });

  // Decoding may end before the data do. Compressed data hold no end marker.
  const std::array<std::uint8_t, 2> end = {0xFF, JPEG_EOI};
  const auto rest =
      bytes.end() - static_cast<std::ptrdiff_t>(info.src->bytes_in_buffer);
  if (std::find_end(rest, bytes.end(), end.begin(), end.end()) == bytes.end()) {
    complain("No end marker");
  }
}

int JpegReader::orientation() const {
  for (const auto* marker = state_.info.marker_list; marker != nullptr;
       marker = marker->next) {
    const auto stated = exif_orientation(marker->data, marker->data_length);
    if (stated != 0) return stated;
  }
  return 1;
}

std::int64_t JpegReader::start(const ScaledCrop& crop) {
  auto& info = state_.info;
  JDIMENSION first_column = 0;
  guard([&] {
    info.scale_num = static_cast<unsigned>(crop.scale);
    info.scale_denom = static_cast<unsigned>(kJpegFullScale);
    info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info);
    // At the edge of what is decoded colour is interpolated otherwise than
    // inside: keep one sample of it away.
    const auto margin = static_cast<std::int64_t>(info.max_h_samp_factor);
    const auto begin = std::max(crop.left - margin, std::int64_t{0});
    const auto end = std::min<std::int64_t>(crop.left + crop.width + margin,
                                            info.output_width);
    first_column = static_cast<JDIMENSION>(begin);
    auto columns = static_cast<JDIMENSION>(end - begin);
    jpeg_crop_scanline(&info, &first_column, &columns);
    jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(crop.top));
  });
  return first_column;
}

DecodedCrop JpegReader::decode(const Crop& crop, ImageSize target) {
  const auto scaled = scaled_crop(crop, target);
  const auto first_column = start(scaled);
  auto& info = state_.info;
  std::vector<std::uint8_t> row(
      static_cast<std::size_t>(info.output_width) *
      static_cast<std::size_t>(info.output_components));
  const auto skipped = (scaled.left - first_column) * info.output_components;
  DecodedCrop decoded = {{scaled.height, scaled.width, {}}, scaled.box};
  decoded.image.pixels.resize(
      static_cast<std::size_t>(scaled.height * scaled.width * 3));
  auto* pixels = decoded.image.pixels.data();
  auto* row_data = row.data();
  guard([&] {
    for (std::int64_t y = 0; y < scaled.height; ++y) {
      jpeg_read_scanlines(&info, &row_data, 1);
      copy_jpeg_pixels(row_data + skipped, scaled.width, info,
                       pixels + y * scaled.width * 3);
    }
  });
  return decoded;
}

/// The image as it is shown or stored.
class JpegDecoder : public ImageDecoder {
 public:
  JpegDecoder(const EncodedImage& image, ExifOrientation exif)
      : image_(image),
        reader_(std::make_unique<JpegReader>(image)),
        orientation_(exif == ExifOrientation::kApplied ? reader_->orientation()
                                                       : 1),
        stored_size_(reader_->size()) {}

  [[nodiscard]] ImageSize size() const override {
    return oriented_size(stored_size_, orientation_);
  }

  [[nodiscard]] DecodedCrop decode(const Crop& crop,
                                   ImageSize target) override {
    if (reader_ == nullptr) reader_ = std::make_unique<JpegReader>(image_);
    auto [image, box] =
        std::exchange(reader_, nullptr)
            ->decode(stored_crop(crop, stored_size_, orientation_),
                     oriented_size(target, orientation_));
    box = shown_box(box, {image.height, image.width}, orientation_);
    return {orient(std::move(image), orientation_), box};
  }

 private:
  const EncodedImage& image_;
  std::unique_ptr<JpegReader> reader_;  ///< null once it has been used
  int orientation_;
  ImageSize stored_size_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_jpeg(const EncodedImage& image,
                                        ExifOrientation exif) {
  return std::make_unique<JpegDecoder>(image, exif);
}

}  // namespace expandnet::data
