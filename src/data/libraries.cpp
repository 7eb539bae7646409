#include "reconlaw/data/libraries.hpp"

#include <jpeglib.h>
#include <openssl/crypto.h>
#include <png.h>
#include <webp/decode.h>
#include <zlib.h>

#include <cstdio>

namespace reconlaw::data {

std::vector<std::pair<std::string, std::string>> libraries() {
    const int webp = WebPGetDecoderVersion();
    std::string jpeg = std::to_string(JPEG_LIB_VERSION / 10) + "." + std::to_string(JPEG_LIB_VERSION % 10);
#ifdef LIBJPEG_TURBO_VERSION
#define RECONLAW_TEXT_OF(x) #x
#define RECONLAW_TEXT(x) RECONLAW_TEXT_OF(x)
    jpeg = "turbo " RECONLAW_TEXT(LIBJPEG_TURBO_VERSION);
#endif
    return {{"libpng", png_get_libpng_ver(nullptr)},
            {"libjpeg", jpeg},
            {"WebP", std::to_string(webp >> 16) + "." + std::to_string(webp >> 8 & 255) + "." +
                         std::to_string(webp & 255)},
            {"zlib", zlibVersion()},
            {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)}};
}

}  // namespace reconlaw::data
