#include "data/images/png_file.h"

#include <png.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/images/c_failure.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kPngChannels = 3;
constexpr std::size_t kPngSignature = 8;
constexpr int kWholeWord = 16;  // bits

[[noreturn]] void leave_png(png_structp png, png_const_charp message) {
  static_cast<CFailure*>(png_get_error_ptr(png))->leave(message);
}

void ignore_png_warning(png_structp /*png*/, png_const_charp /*message*/) {}

/// The bytes that libpng has not read yet.
struct PngInput {
  const std::uint8_t* next;
  std::size_t left;
};

void read_png_bytes(png_structp png, png_bytep bytes, std::size_t count) {
  auto* input = static_cast<PngInput*>(png_get_io_ptr(png));
  if (count > input->left) png_error(png, "read beyond end of data");
  std::memcpy(bytes, input->next, count);
  input->next += count;
  input->left -= count;
}

/// libpng's state, which goes whichever way it is left.
struct PngState {
  explicit PngState(PngInput the_input) : input(the_input) {}
  PngState(const PngState&) = delete;
  PngState& operator=(const PngState&) = delete;
  ~PngState() { png_destroy_read_struct(&png, &info, nullptr); }

  png_structp png = nullptr;
  png_infop info = nullptr;
  PngInput input;
  CFailure failure;
};

/// Reads an image once. libpng's simplified interface is of no use: it takes
/// 16 bits for linear light, and applies gAMA, which PIL does not.
class PngReader {
 public:
  /// Reads the header.
  explicit PngReader(const EncodedImage& image,
                     const std::string& where = kImageFile)
      : where_(where),
        path_(image.path),
        state_({image.bytes.data(), image.bytes.size()}) {
    guard([this] {
      state_.png =
          png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_.failure,
                                 leave_png, ignore_png_warning);
      if (state_.png != nullptr) {
        state_.info = png_create_info_struct(state_.png);
      }
    });
    if (state_.info == nullptr) complain("libpng cannot start");
    guard([this] {
      png_set_benign_errors(state_.png, 1);
      // Only what says the pixels: no text, no colour space.
      png_set_keep_unknown_chunks(state_.png, PNG_HANDLE_CHUNK_NEVER, nullptr,
                                  -1);
      png_set_read_fn(state_.png, &state_.input, read_png_bytes);
      png_read_info(state_.png, state_.info);
    });
  }

  [[nodiscard]] ImageSize size() const {
    return {png_get_image_height(state_.png, state_.info),
            png_get_image_width(state_.png, state_.info)};
  }

  /// [H, W, 3]: the high byte of 16 bits, and a pixel's colour whatever its
  /// transparency.
  [[nodiscard]] std::vector<std::uint8_t> read() {
    int passes = 0;
    guard([&] {
      png_set_strip_16(state_.png);
      png_set_expand(state_.png);
      png_set_gray_to_rgb(state_.png);
      png_set_strip_alpha(state_.png);
      passes = png_set_interlace_handling(state_.png);
      png_read_update_info(state_.png, state_.info);
    });
    return read_rows(passes, kPngChannels);
  }

  /// Words for what its pixels are if these are not indices; else "".
  [[nodiscard]] std::string other_than_indices() const {
    switch (png_get_color_type(state_.png, state_.info)) {
      case PNG_COLOR_TYPE_PALETTE:
      case PNG_COLOR_TYPE_GRAY:
        return "";
      case PNG_COLOR_TYPE_GRAY_ALPHA:
        return "grey with transparency";
      case PNG_COLOR_TYPE_RGB:
        return "RGB";
      default:
        return "RGB with transparency";
    }
  }

  /// [H, W]: indices of the palette or values of grey, as they are stored.
  [[nodiscard]] std::vector<std::uint16_t> read_indices() {
    const bool is_wide =
        png_get_bit_depth(state_.png, state_.info) == kWholeWord;
    int passes = 0;
    guard([&] {
      png_set_packing(state_.png);  // a byte for each of fewer bits
      passes = png_set_interlace_handling(state_.png);
      png_read_update_info(state_.png, state_.info);
    });
    const auto bytes = read_rows(passes, is_wide ? 2 : 1);
    if (!is_wide) return {bytes.begin(), bytes.end()};
    std::vector<std::uint16_t> words(bytes.size() / 2);
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] =
          static_cast<std::uint16_t>(bytes[2 * i] << 8U | bytes[2 * i + 1]);
    }
    return words;
  }

 private:
  [[nodiscard]] std::vector<std::uint8_t> read_rows(int passes,
                                                    std::size_t pixel_bytes) {
    const auto [height, width] = size();
    const auto row_bytes = pixel_bytes * static_cast<std::size_t>(width);
    if (png_get_rowbytes(state_.png, state_.info) != row_bytes) {
      complain("another number of bytes a pixel than " +
               std::to_string(pixel_bytes));
    }
    std::vector<std::uint8_t> pixels(row_bytes *
                                     static_cast<std::size_t>(height));
    const auto rows = static_cast<std::size_t>(height);
    auto* first_row = pixels.data();
    guard([&] {
      for (int pass = 0; pass < passes; ++pass) {
        for (std::size_t y = 0; y < rows; ++y) {
          png_read_row(state_.png, first_row + y * row_bytes, nullptr);
        }
      }
    });
    return pixels;
  }

  template <typename Call>
  void guard(const Call& call) {
    state_.failure.guard(call, [this](const char* why) { complain(why); });
  }
  [[noreturn]] void complain(const std::string& value) const {
    throw_file_error(where_, "the PNG data must decode",
                     in_quotes(path_) + ": " + value, "fetch the file again");
  }

  const std::string where_;
  const std::string& path_;
  PngState state_;
};

class PngDecoder : public ImageDecoder {
 public:
  explicit PngDecoder(const EncodedImage& image)
      : image_(image),
        reader_(std::make_unique<PngReader>(image)),
        size_(reader_->size()) {}

  [[nodiscard]] ImageSize size() const override { return size_; }

  [[nodiscard]] DecodedCrop decode(const Crop& crop,
                                   ImageSize /*target*/) override {
    if (reader_ == nullptr) reader_ = std::make_unique<PngReader>(image_);
    const auto source = std::exchange(reader_, nullptr)->read();
    Image image = {crop.height, crop.width, {}};
    image.pixels.reserve(
        static_cast<std::size_t>(crop.height * crop.width * 3));
    for (std::int64_t y = 0; y < crop.height; ++y) {
      const auto* row =
          source.data() + ((crop.top + y) * size_.width + crop.left) * 3;
      image.pixels.insert(image.pixels.end(), row, row + crop.width * 3);
    }
    return {std::move(image),
            {0, 0, static_cast<double>(crop.height),
             static_cast<double>(crop.width)}};
  }

 private:
  const EncodedImage& image_;
  std::unique_ptr<PngReader> reader_;  ///< null once it has been used
  ImageSize size_;
};

class PngMaskDecoder : public MaskDecoder {
 public:
  PngMaskDecoder(const std::string& where, const EncodedImage& mask)
      : reader_(mask, where) {
    const auto other = reader_.other_than_indices();
    if (other.empty()) return;
    throw_file_error(where, "a mask is a PNG with a palette or grey",
                     other + " in " + in_quotes(mask.path),
                     "write the indices of the classes");
  }

  [[nodiscard]] ImageSize size() const override { return reader_.size(); }
  [[nodiscard]] Mask read() override {
    const auto [height, width] = size();
    return {height, width, reader_.read_indices()};
  }

 private:
  PngReader reader_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_png(const EncodedImage& image) {
  return std::make_unique<PngDecoder>(image);
}

std::unique_ptr<MaskDecoder> open_png_mask(const std::string& where,
                                           const EncodedImage& mask) {
  const auto& bytes = mask.bytes;
  const auto shown = std::min(bytes.size(), kPngSignature);
  if (shown == 0 || png_sig_cmp(bytes.data(), 0, shown) != 0) {
    throw_file_error(
        where, "a mask is a PNG with a palette or grey",
        (shown == 0
             ? "an empty file at "
             : "a file that starts with " +
                   hex_bytes({bytes.data(), bytes.data() + shown}) + " at ") +
            in_quotes(mask.path),
        "write the indices of the classes");
  }
  return std::make_unique<PngMaskDecoder>(where, mask);
}

}  // namespace expandnet::data
