/* The strings and numbers of JSON, read from its text: the lower half of `json_parse.c`. */

/* Nesting up to which values are parsed or printed here. */
#define JSON_DEPTH_MAX 128
/* Keys that are guessed. An object of more is rather a map. */
#define GUESS_KEYS_MAX 64
/* Guesses kept, by the key of the parent. A power of two. */
#define GUESSES 64
/* Short strings that are made once and shared. A power of two. */
#define SHARED_STRINGS 256
#define SHARED_LEN_MAX 16
/* Digits and signs of the longest number that is read here. */
#define NUMBER_LEN_MAX 64

struct json_parser {
    JSContext *ctx;
    const uint8_t *at, *end;
    bool is_latin1; /* or UTF-8 */
    bool threw;     /* an exception is pending; otherwise a failure means to give up */
    JSValue *stack; /* values of the containers that are open */
    size_t stack_len, stack_size;
    JSShape *guesses[GUESSES];
    JSString *shared[SHARED_STRINGS];
};

/* Notes that an exception is pending. */
static JSValue parse_threw(struct json_parser *parser) {
    parser->threw = true;
    return JS_EXCEPTION;
}

/* The next byte behind white space, or 0 at the end, which is not white space either. */
static uint8_t parse_peek(struct json_parser *parser) {
    for (; parser->at < parser->end; parser->at++)
        switch (*parser->at) {
        case ' ':
        case '\n':
        case '\r':
        case '\t':
            continue;
        default:
            return *parser->at;
        }
    return 0;
}

/* ---- strings ---- */

/* Where the first of `"`, `\`, a control character or, in UTF-8, no ASCII is; or the end. */
static const uint8_t *scan_string(const struct json_parser *parser, const uint8_t *at) {
    const v128_t quote = wasm_i8x16_splat('"'), escape = wasm_i8x16_splat('\\');
    const v128_t space = wasm_u8x16_splat(0x20);
    for (; parser->end - at >= 16; at += 16) {
        v128_t bytes = wasm_v128_load(at);
        v128_t found = wasm_v128_or(wasm_i8x16_eq(bytes, quote), wasm_i8x16_eq(bytes, escape));
        found = wasm_v128_or(found, wasm_u8x16_lt(bytes, space));
        if (!parser->is_latin1)
            found = wasm_v128_or(found, bytes); /* its highest bit counts */
        uint32_t mask = wasm_i8x16_bitmask(found);
        if (mask)
            return at + __builtin_ctz(mask);
    }
    for (; at < parser->end; at++)
        if (*at == '"' || *at == '\\' || *at < 0x20 || (*at >= 0x80 && !parser->is_latin1))
            break;
    return at;
}

/* A string without anything to decode. Short ones are shared: records repeat their words. */
static JSValue parse_plain_string(struct json_parser *parser, const uint8_t *text, size_t len) {
    if (len == 0)
        return js_empty_string(parser->ctx->rt);
    if (len > SHARED_LEN_MAX)
        return js_new_string8_len(parser->ctx, (const char *)text, (int)len);
    uint32_t hash = (uint32_t)len;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ text[i]) * 0x01000193;
    JSString **shared = &parser->shared[(hash ^ hash >> 16) & (SHARED_STRINGS - 1)];
    if (*shared && (*shared)->len == len && !memcmp(str8(*shared), text, len))
        return js_dup(JS_MKPTR(JS_TAG_STRING, *shared));
    JSValue string = js_new_string8_len(parser->ctx, (const char *)text, (int)len);
    if (!JS_IsException(string)) {
        if (*shared)
            js_free_string(parser->ctx->rt, *shared);
        *shared = JS_VALUE_GET_STRING(js_dup(string));
    }
    return string;
}

/* Decodes the escape behind a backslash; -1 if it is none. */
static int32_t parse_escape(struct json_parser *parser) {
    if (parser->at >= parser->end)
        return -1;
    switch (*parser->at++) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '/':
        return '/';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        break;
    default:
        return -1;
    }
    int32_t code = 0;
    if (parser->end - parser->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = from_hex(*parser->at++);
        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

/* A string whose first bytes, up to `at`, need no decoding. */
static JSValue parse_coded_string(struct json_parser *parser, const uint8_t *at) {
    StringBuffer buffer;
    string_buffer_init(parser->ctx, &buffer, (int)(at - parser->at) + 32);
    for (;;) {
        string_buffer_write8(&buffer, parser->at, (int)(at - parser->at));
        parser->at = at;
        if (at >= parser->end || *at < 0x20)
            break;
        parser->at++;
        if (*at == '"') {
            JSValue string = string_buffer_end(&buffer);
            return JS_IsException(string) ? parse_threw(parser) : string;
        }
        int32_t code;
        if (*at == '\\') {
            code = parse_escape(parser);
        } else {
            /* The NUL behind the text ends a sequence that is cut off. */
            code = (int32_t)utf8_decode(at, &parser->at);
            if (parser->at == at + 1)
                code = -1;
        }
        if (code < 0)
            break;
        string_buffer_putc(&buffer, (uint32_t)code);
        at = scan_string(parser, parser->at);
    }
    if (buffer.error_status)
        return parse_threw(parser);
    string_buffer_free(&buffer);
    return JS_EXCEPTION;
}

/* Behind the first quote. */
static JSValue parse_string(struct json_parser *parser) {
    const uint8_t *text = parser->at, *at = scan_string(parser, text);
    if (at >= parser->end)
        return JS_EXCEPTION;
    if (*at != '"')
        return parse_coded_string(parser, at);
    parser->at = at + 1;
    JSValue string = parse_plain_string(parser, text, (size_t)(at - text));
    return JS_IsException(string) ? parse_threw(parser) : string;
}

/* ---- numbers ---- */

static const double json_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Reads digits into `mantissa`, which wraps around beyond 19 of them; says how many. */
static int parse_digits(struct json_parser *parser, uint64_t *mantissa) {
    const uint8_t *first = parser->at;
    for (; parser->at < parser->end && is_digit(*parser->at); parser->at++)
        *mantissa = *mantissa * 10 + (*parser->at - '0');
    return (int)(parser->at - first);
}

static JSValue parse_number(struct json_parser *parser) {
    const uint8_t *text = parser->at, *end = parser->end;
    bool is_negative = *text == '-', is_integer = true;
    uint64_t mantissa = 0, power = 0;
    int exponent = 0;
    parser->at += is_negative;
    const uint8_t *first = parser->at;
    int digits = parse_digits(parser, &mantissa);
    if (digits == 0 || (*first == '0' && digits > 1))
        return JS_EXCEPTION;
    if (parser->at < end && *parser->at == '.') {
        parser->at++;
        exponent = -parse_digits(parser, &mantissa);
        if (exponent == 0)
            return JS_EXCEPTION;
        digits -= exponent;
        is_integer = false;
    }
    if (parser->at < end && (*parser->at == 'e' || *parser->at == 'E')) {
        parser->at++;
        bool is_down = parser->at < end && *parser->at == '-';
        if (parser->at < end && (*parser->at == '-' || *parser->at == '+'))
            parser->at++;
        int count = parse_digits(parser, &power);
        if (count == 0 || count > 4)
            return JS_EXCEPTION;
        exponent += is_down ? -(int)power : (int)power;
        is_integer = false;
    }
    if (is_integer && digits < 10 && (mantissa || !is_negative))
        return js_int32(is_negative ? -(int32_t)mantissa : (int32_t)mantissa);
    /* Both factors are exact, so that one rounding is all there is. */
    if (digits < 20 && mantissa <= (uint64_t)1 << 53 && exponent >= -22 && exponent <= 22) {
        double value = (double)mantissa;
        value = exponent < 0 ? value / json_powers[-exponent] : value * json_powers[exponent];
        return js_float64(is_negative ? -value : value);
    }
    char number[NUMBER_LEN_MAX];
    size_t len = (size_t)(parser->at - text);
    if (len >= sizeof number)
        return JS_EXCEPTION;
    memcpy(number, text, len);
    number[len] = 0;
    return js_float64(strtod(number, NULL));
}
