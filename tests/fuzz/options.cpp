// What AddressSanitizer does unless ASAN_OPTIONS says otherwise. Its quarantine
// of 256 MiB has every allocation touch new pages, and costs half the speed.
extern "C" const char* __asan_default_options();  // NOLINT: its name
extern "C" const char* __asan_default_options() {
  return "quarantine_size_mb=8:malloc_context_size=8";
}
