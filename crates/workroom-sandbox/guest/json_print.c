/* JSON.stringify for what is usual: one walk that runs no code of the script's.
 *
 * It prints null, booleans, numbers, strings, and objects and arrays of data properties, as
 * QuickJS does, and gives up on all else before anything can be seen of it: on getters, proxies,
 * `toJSON`, BigInts, wrappers, holes, replacers, and deep nesting, which circles lead to as well.
 * Whoever calls it then takes QuickJS' own. */

/* Prototypes, beginning with an object's own, that are looked through for `toJSON`. */
#define PROTOS_MAX 8
/* Decimals up to which a fraction is tried as an integer over a power of ten. */
#define DECIMALS_MAX 6
#define NUMBER_BUFFER 32

struct json_printer {
    JSContext *ctx;
    StringBuffer out;
    const uint8_t *gap;
    int gap_len;
    bool is_strict; /* only what loses nothing: no instances of classes, no functions */
    bool gave_up;   /* otherwise a failure left an exception */
    JSObject *known_proto;
};

static bool print_value(struct json_printer *printer, JSValueConst value, int depth);

static bool give_way(struct json_printer *printer) {
    printer->gave_up = true;
    return false;
}

/* ---- text ---- */

/* Makes room for `len` bytes at the end, and says where they go. Only while no character of the
 * output is above 255. NULL is an exception. */
static uint8_t *print_room(struct json_printer *printer, size_t len) {
    StringBuffer *out = &printer->out;
    if ((size_t)(out->size - out->len) < len) {
        if (len > (size_t)string_len_max)
            len = (size_t)string_len_max; /* which is too much as well, and an error */
        if (string_buffer_realloc(out, out->len + (int)len, 0))
            return NULL;
    }
    return str8(out->str) + out->len;
}

static bool print_bytes(struct json_printer *printer, const void *bytes, size_t len) {
    return !string_buffer_write8(&printer->out, bytes, (int)len);
}

static bool print_byte(struct json_printer *printer, uint8_t byte) {
    return !string_buffer_putc8(&printer->out, byte);
}

static uint8_t *print_escape(uint8_t *to, uint8_t byte) {
    static const char digits[] = "0123456789abcdef";
    *to++ = '\\';
    switch (byte) {
    case '"':
    case '\\':
        *to++ = byte;
        return to;
    case '\b':
        *to++ = 'b';
        return to;
    case '\f':
        *to++ = 'f';
        return to;
    case '\n':
        *to++ = 'n';
        return to;
    case '\r':
        *to++ = 'r';
        return to;
    case '\t':
        *to++ = 't';
        return to;
    default:
        memcpy(to, "u00", 3);
        to[3] = digits[byte >> 4];
        to[4] = digits[byte & 15];
        return to + 5;
    }
}

/* The first of `len` bytes, at most 16, that a string cannot hold as it is; `len` if none is.
 * All 16 are looked at: they must be in memory. */
static size_t first_to_escape(v128_t bytes, size_t len) {
    v128_t found = wasm_v128_or(wasm_i8x16_eq(bytes, wasm_i8x16_splat('"')),
                                wasm_i8x16_eq(bytes, wasm_i8x16_splat('\\')));
    found = wasm_v128_or(found, wasm_u8x16_lt(bytes, wasm_u8x16_splat(0x20)));
    size_t first = (size_t)__builtin_ctz(wasm_i8x16_bitmask(found) | 0x10000);
    return first < len ? first : len;
}

/* A string of characters up to 255, in quotes, into output of such. */
static bool print_string8(struct json_printer *printer, const uint8_t *text, size_t len) {
    const uint8_t *end = text + len;
    const uint8_t *memory_end = (const uint8_t *)(__builtin_wasm_memory_size(0) << 16);
    uint8_t *to = print_room(printer, len + 18);
    if (!to)
        return false;
    *to++ = '"';
    while (text < end) {
        size_t part = end - text < 16 ? (size_t)(end - text) : 16, plain = 0;
        if (memory_end - text >= 16) {
            v128_t bytes = wasm_v128_load(text);
            wasm_v128_store(to, bytes);
            plain = first_to_escape(bytes, part);
        } else {
            for (; plain < part && text[plain] >= 0x20 && text[plain] != '"' &&
                   text[plain] != '\\'; plain++)
                to[plain] = text[plain];
        }
        to += plain;
        text += plain;
        if (plain < part) {
            printer->out.len = (int)(to - str8(printer->out.str));
            /* An escape, and as above for the rest. */
            to = print_room(printer, (size_t)(end - text) + 6 + 18);
            if (!to)
                return false;
            to = print_escape(to, *text++);
        }
    }
    *to++ = '"';
    printer->out.len = (int)(to - str8(printer->out.str));
    return true;
}

static bool print_string(struct json_printer *printer, JSString *string) {
    if (!string->is_wide_char && !printer->out.is_wide_char)
        return print_string8(printer, str8(string), string->len);
    JSValue quoted = JS_ToQuotedString(printer->ctx, JS_MKPTR(JS_TAG_STRING, string));
    if (JS_IsException(quoted))
        return false;
    return !string_buffer_concat_value_free(&printer->out, quoted);
}

static bool print_new_line(struct json_printer *printer, int depth) {
    if (!printer->gap_len)
        return true;
    bool done = print_byte(printer, '\n');
    while (done && depth--)
        done = print_bytes(printer, printer->gap, (size_t)printer->gap_len);
    return done;
}

/* ---- numbers ---- */

/* A fraction of few decimals: the integer over the smallest power of ten that gives it back
 * has its shortest digits, since no other number of fifteen digits is as near. 0 if there is
 * none. */
static size_t decimals(char *to, double value) {
    char *at = to;
    if (value < 0) {
        *at++ = '-';
        value = -value;
    }
    if (!(value >= 1e-6 && value < 1e9))
        return 0;
    for (int count = 1; count <= DECIMALS_MAX; count++) {
        double scaled = value * json_powers[count], whole = __builtin_nearbyint(scaled);
        if (whole / json_powers[count] != value)
            continue;
        uint64_t power = (uint64_t)json_powers[count], digits = (uint64_t)whole;
        at += u64toa(at, digits / power);
        *at++ = '.';
        uint32_t fraction = (uint32_t)(digits % power);
        for (int i = count; i--; fraction /= 10)
            at[i] = (char)('0' + fraction % 10);
        return (size_t)(at + count - to);
    }
    return 0;
}

static bool print_double(struct json_printer *printer, double value) {
    char text[NUMBER_BUFFER];
    JSDTOATempMem memory;
    if (!isfinite(value))
        return print_bytes(printer, "null", 4);
    size_t len;
    if (value > -0x1p53 && value < 0x1p53 && value == (double)(int64_t)value)
        len = i64toa(text, (int64_t)value);
    else if ((len = decimals(text, value)) == 0)
        len = (size_t)js_dtoa(text, value, 10, 0, JS_DTOA_FORMAT_FREE, &memory);
    return print_bytes(printer, text, len);
}

static bool print_int(struct json_printer *printer, int32_t value) {
    char text[NUMBER_BUFFER];
    return print_bytes(printer, text, i32toa(text, value));
}

/* ---- containers ---- */

/* Whether `object`, whose own properties are looked at elsewhere, has no `toJSON` by its
 * prototypes, and they run no code when they are asked. */
static bool inherits_plainly(struct json_printer *printer, JSObject *object) {
    JSContext *ctx = printer->ctx;
    JSObject *proto = object->shape->proto;
    if (printer->is_strict && proto &&
        proto != JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_OBJECT]) &&
        proto != JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ARRAY]))
        return false;
    if (proto && proto == printer->known_proto)
        return true;
    for (int i = 0; proto && i < PROTOS_MAX; i++, proto = proto->shape->proto)
        if ((proto->is_exotic && proto->class_id != JS_CLASS_ARRAY) ||
            find_own_property1(proto, JS_ATOM_toJSON))
            return false;
    if (proto)
        return false;
    printer->known_proto = object->shape->proto;
    return true;
}

static bool print_array(struct json_printer *printer, JSObject *array, int depth) {
    uint32_t len = array->u.array.count;
    JSValue length = array->prop[0].u.value;
    if (!array->fast_array || JS_VALUE_GET_TAG(length) != JS_TAG_INT ||
        (uint32_t)JS_VALUE_GET_INT(length) != len || find_own_property1(array, JS_ATOM_toJSON))
        return give_way(printer);
    if (!print_byte(printer, '['))
        return false;
    for (uint32_t i = 0; i < len; i++) {
        JSValueConst value = array->u.array.u.values[i];
        if ((i && !print_byte(printer, ',')) || !print_new_line(printer, depth))
            return false;
        if (JS_IsUndefined(value) ? !print_bytes(printer, "null", 4)
                                  : !print_value(printer, value, depth))
            return false;
    }
    return (!len || print_new_line(printer, depth - 1)) && print_byte(printer, ']');
}

/* An object that is being printed. */
struct json_object {
    JSObject *object;
    int depth;
    bool is_empty;
};

/* Prints what comes before a value: its key is printed between the two halves. */
static bool print_before(struct json_printer *printer, struct json_object *of) {
    bool is_first = of->is_empty;
    of->is_empty = false;
    return (is_first || print_byte(printer, ',')) && print_new_line(printer, of->depth);
}

static bool print_after(struct json_printer *printer, struct json_object *of, int index) {
    return print_byte(printer, ':') && (!printer->gap_len || print_byte(printer, ' ')) &&
           print_value(printer, of->object->prop[index].u.value, of->depth);
}

/* Whether the property `index` is one that is printed; false with `gave_up` if its value is only
 * known by running something. */
static bool is_printed(struct json_printer *printer, JSObject *object, int index) {
    uint32_t flags = get_shape_prop(object->shape)[index].flags;
    if (!(flags & JS_PROP_ENUMERABLE))
        return false;
    if ((flags & JS_PROP_TMASK) != JS_PROP_NORMAL)
        return give_way(printer);
    return !JS_IsUndefined(object->prop[index].u.value);
}

static int compare_numbered(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Keys that are numbers come first, in their order. Each is kept with the index of its property. */
static bool print_numbered(struct json_printer *printer, struct json_object *of, int count) {
    JSShapeProperty *properties = get_shape_prop(of->object->shape);
    uint32_t (*keys)[2] = js_malloc(printer->ctx, sizeof(*keys) * (size_t)count);
    size_t len = 0;
    if (!keys)
        return false;
    for (int i = 0; i < count; i++)
        if (__JS_AtomIsTaggedInt(properties[i].atom)) {
            keys[len][0] = __JS_AtomToUInt32(properties[i].atom);
            keys[len++][1] = (uint32_t)i;
        }
    qsort(keys, len, sizeof *keys, compare_numbered);
    bool is_done = true;
    for (size_t i = 0; is_done && i < len; i++) {
        char text[NUMBER_BUFFER] = {'"'};
        if (!is_printed(printer, of->object, (int)keys[i][1])) {
            is_done = !printer->gave_up;
            continue;
        }
        size_t digits = u32toa(text + 1, keys[i][0]);
        text[digits + 1] = '"';
        is_done = print_before(printer, of) && print_bytes(printer, text, digits + 2) &&
                  print_after(printer, of, (int)keys[i][1]);
    }
    js_free(printer->ctx, keys);
    return is_done;
}

/* Whether a key is a number above those that QuickJS keeps as such. */
static bool is_large_number(JSContext *ctx, JSAtom atom, JSString *name) {
    uint32_t index;
    return name->len && !name->is_wide_char && is_digit(str8(name)[0]) &&
           JS_AtomIsArrayIndex(ctx, &index, atom);
}

static bool print_properties(struct json_printer *printer, struct json_object *of) {
    JSContext *ctx = printer->ctx;
    JSShapeProperty *properties = get_shape_prop(of->object->shape);
    int count = of->object->shape->prop_count;
    for (int i = 0; i < count; i++)
        if (__JS_AtomIsTaggedInt(properties[i].atom)) {
            if (!print_numbered(printer, of, count))
                return false;
            break;
        }
    for (int i = 0; i < count; i++) {
        JSAtom atom = properties[i].atom;
        if (atom == JS_ATOM_NULL || __JS_AtomIsTaggedInt(atom))
            continue;
        JSString *name = ctx->rt->atom_array[atom];
        if (atom == JS_ATOM_toJSON || is_large_number(ctx, atom, name))
            return give_way(printer);
        if (name->atom_type != JS_ATOM_TYPE_STRING || !is_printed(printer, of->object, i)) {
            if (printer->gave_up)
                return false;
            continue;
        }
        if (!print_before(printer, of) || !print_string(printer, name) ||
            !print_after(printer, of, i))
            return false;
    }
    return true;
}

static bool print_object(struct json_printer *printer, JSObject *object, int depth) {
    struct json_object of = {object, depth, true};
    return print_byte(printer, '{') && print_properties(printer, &of) &&
           (of.is_empty || print_new_line(printer, depth - 1)) && print_byte(printer, '}');
}

static bool print_container(struct json_printer *printer, JSObject *object, int depth) {
    if (stop_requested) {
        stop(printer->ctx);
        return false;
    }
    bool is_array = object->class_id == JS_CLASS_ARRAY;
    if (depth == JSON_DEPTH_MAX || !(is_array || object->class_id == JS_CLASS_OBJECT) ||
        (object->is_exotic && !is_array) || !inherits_plainly(printer, object))
        return give_way(printer);
    return is_array ? print_array(printer, object, depth + 1)
                    : print_object(printer, object, depth + 1);
}

/* Whether `value`, which is not undefined, was printed. */
static bool print_value(struct json_printer *printer, JSValueConst value, int depth) {
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_STRING:
        return print_string(printer, JS_VALUE_GET_STRING(value));
    case JS_TAG_STRING_ROPE: {
        JSValue flat = js_linearize_string_rope(printer->ctx, value);
        if (JS_IsException(flat))
            return false;
        bool done = print_string(printer, JS_VALUE_GET_STRING(flat));
        JS_FreeValue(printer->ctx, flat);
        return done;
    }
    case JS_TAG_INT:
        return print_int(printer, JS_VALUE_GET_INT(value));
    case JS_TAG_FLOAT64:
        return print_double(printer, JS_VALUE_GET_FLOAT64(value));
    case JS_TAG_BOOL:
        return JS_VALUE_GET_BOOL(value) ? print_bytes(printer, "true", 4)
                                        : print_bytes(printer, "false", 5);
    case JS_TAG_NULL:
        return print_bytes(printer, "null", 4);
    case JS_TAG_OBJECT:
        return print_container(printer, JS_VALUE_GET_OBJ(value), depth);
    default:
        return give_way(printer);
    }
}

/* Whether `value` was printed, into `json`, which is an exception when memory is short, the text
 * too long, or the run stopped. */
static bool print_fast(struct json_printer *printer, JSValueConst value, JSValue *json) {
    string_buffer_init(printer->ctx, &printer->out, 64);
    if (print_value(printer, value, 0)) {
        *json = string_buffer_end(&printer->out);
        return true;
    }
    string_buffer_free(&printer->out);
    *json = JS_EXCEPTION;
    return !printer->gave_up;
}

static JSValue json_print(JSContext *ctx, JSValueConst value) {
    struct json_printer printer = {.ctx = ctx};
    JSValue json;
    if (print_fast(&printer, value, &json))
        return json;
    return JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
}

/* As `json_print`, but only of a value of which nothing is lost: whether it was. */
static bool json_print_strict(JSContext *ctx, JSValueConst value, JSValue *json) {
    struct json_printer printer = {.ctx = ctx, .is_strict = true};
    *json = JS_UNDEFINED;
    return JS_IsUndefined(value) || print_fast(&printer, value, json);
}

/* JSON.stringify */
static JSValue js_stringify(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    struct json_printer printer = {.ctx = ctx};
    bool is_usual = !JS_IsObject(argv[1]);
    JSValue json;
    switch (JS_VALUE_GET_NORM_TAG(argv[2])) {
    case JS_TAG_UNDEFINED:
        break;
    case JS_TAG_INT:
        printer.gap = (const uint8_t *)"          ";
        printer.gap_len = max_int(0, min_int(JS_VALUE_GET_INT(argv[2]), 10));
        break;
    case JS_TAG_STRING: {
        JSString *gap = JS_VALUE_GET_STRING(argv[2]);
        is_usual = is_usual && !gap->is_wide_char;
        printer.gap = str8(gap);
        printer.gap_len = min_int((int)gap->len, 10);
        break;
    }
    default:
        is_usual = false;
    }
    if (is_usual && print_fast(&printer, argv[0], &json))
        return json;
    return JS_JSONStringify(ctx, argv[0], argv[1], argv[2]);
}
