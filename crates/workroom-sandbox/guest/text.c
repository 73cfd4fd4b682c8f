/* UTF-8 for TextEncoder and TextDecoder; part of `shim.c`. */

/* encode(well-formed text) -> Uint8Array */
static JSValue js_encode(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    size_t len;
    const char *text = JS_ToCStringLen(ctx, &len, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, len);
    JS_FreeCString(ctx, text);
    return bytes;
}

/* Decodes one character at `at`, which is before `end`. Gives its length, or minus the length of
 * the malformed sequence, which is to become one U+FFFD as the Encoding Standard has it. */
static int decode_one(const uint8_t *at, const uint8_t *end, uint32_t *out) {
    uint8_t first = *at, low = 0x80, high = 0xBF;
    int more;
    if (first < 0x80)
        return *out = first, 1;
    if (first >= 0xC2 && first <= 0xDF)
        more = 1, *out = first & 0x1F;
    else if (first >= 0xE0 && first <= 0xEF)
        more = 2, *out = first & 0x0F, low = first == 0xE0 ? 0xA0 : low,
        high = first == 0xED ? 0x9F : high;
    else if (first >= 0xF0 && first <= 0xF4)
        more = 3, *out = first & 0x07, low = first == 0xF0 ? 0x90 : low,
        high = first == 0xF4 ? 0x8F : high;
    else
        return -1;
    for (int i = 1; i <= more; i++, low = 0x80, high = 0xBF) {
        if (at + i == end || at[i] < low || at[i] > high)
            return -i;
        *out = *out << 6 | (at[i] & 0x3F);
    }
    return more + 1;
}

/* decode(Uint8Array, fatal) -> text */
static JSValue js_decode(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    size_t len, used = 0;
    const uint8_t *at = JS_GetUint8Array(ctx, &len, argv[0]);
    if (!at && len)
        return JS_EXCEPTION;
    if (len >= 1u << 29)
        return JS_ThrowRangeError(ctx, "the text is too long");
    uint16_t *units = js_malloc(ctx, len * sizeof(uint16_t) + 1);
    if (!units)
        return JS_EXCEPTION;
    for (const uint8_t *end = at + len; at < end;) {
        uint32_t character;
        int step = decode_one(at, end, &character);
        if (step < 0) {
            if (JS_ToBool(ctx, argv[1])) {
                js_free(ctx, units);
                return JS_ThrowTypeError(ctx, "the bytes are not valid UTF-8");
            }
            character = 0xFFFD;
            step = -step;
        }
        at += step;
        if (character >= 0x10000) {
            units[used++] = (uint16_t)(0xD7C0 + (character >> 10));
            character = 0xDC00 | (character & 0x3FF);
        }
        units[used++] = (uint16_t)character;
    }
    JSValue text = JS_NewStringUTF16(ctx, units, used);
    js_free(ctx, units);
    return text;
}
