/* JSON.parse for what is usual: a single pass over the text that makes the values directly.
 *
 * It accepts a subset of what QuickJS' own parser accepts, with the same result, and gives up
 * otherwise: on mistakes, so that the errors and their positions are QuickJS', on deep nesting,
 * and on numbers of many digits. Whoever calls it then takes QuickJS' parser.
 *
 * What makes it fast: an object begins with the guess that it has the keys of the object that was
 * last seen at the same key of its parent, in their order. As long as that holds its keys are
 * compared and not looked up, and the object is made with all its properties at once. */

#include "json_scalar.c"

static JSValue parse_value(struct json_parser *parser, JSAtom key, int depth);

static bool parse_push(struct json_parser *parser, JSValue value) {
    if (parser->stack_len == parser->stack_size) {
        size_t size = parser->stack_size ? parser->stack_size * 2 : 64;
        JSValue *grown = js_realloc(parser->ctx, parser->stack, size * sizeof(JSValue));
        if (!grown) {
            JS_FreeValue(parser->ctx, value);
            parser->threw = true;
            return false;
        }
        parser->stack = grown;
        parser->stack_size = size;
    }
    parser->stack[parser->stack_len++] = value;
    return true;
}

/* Frees what is on the stack from `base` on. */
static void parse_pop(struct json_parser *parser, size_t base) {
    while (parser->stack_len > base)
        JS_FreeValue(parser->ctx, parser->stack[--parser->stack_len]);
}

static JSValue parse_array(struct json_parser *parser, JSAtom key, int depth) {
    size_t base = parser->stack_len;
    if (parse_peek(parser) == ']')
        parser->at++;
    else
        for (;;) {
            JSValue value = parse_value(parser, key, depth);
            if (JS_IsException(value) || !parse_push(parser, value))
                return JS_EXCEPTION;
            uint8_t next = parse_peek(parser);
            parser->at++;
            if (next == ']')
                break;
            if (next != ',')
                return JS_EXCEPTION;
        }
    size_t len = parser->stack_len - base;
    JSValue array = js_allocate_fast_array(parser->ctx, (int64_t)len);
    if (JS_IsException(array))
        return parse_threw(parser);
    if (len) {
        JSValue *values = JS_VALUE_GET_OBJ(array)->u.array.u.values;
        memcpy(values, parser->stack + base, len * sizeof(JSValue));
        parser->stack_len = base;
    }
    return array;
}

/* Whether the keys of `shape` can be compared with the bytes of a text, in any encoding. */
static bool can_guess(JSContext *ctx, const JSShape *shape) {
    if (!shape->is_hashed || shape->deleted_prop_count || shape->prop_count > GUESS_KEYS_MAX)
        return false;
    const JSShapeProperty *property = get_shape_prop((JSShape *)shape);
    for (int i = 0; i < shape->prop_count; i++, property++) {
        if (__JS_AtomIsTaggedInt(property->atom) || property->flags != JS_PROP_C_W_E)
            return false;
        JSString *name = ctx->rt->atom_array[property->atom];
        if (name->is_wide_char)
            return false;
        for (uint32_t j = 0; j < name->len; j++) {
            uint8_t c = str8(name)[j];
            if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
                return false;
        }
    }
    return true;
}

static void keep_guess(struct json_parser *parser, JSAtom key, JSShape *shape) {
    JSShape **guess = &parser->guesses[key & (GUESSES - 1)];
    if (*guess == shape || !can_guess(parser->ctx, shape))
        return;
    if (*guess)
        js_free_shape(parser->ctx->rt, *guess);
    *guess = js_dup_shape(shape);
}

/* Whether the text goes on with the key `atom` and a colon, which are then behind us. */
static bool parse_guessed_key(struct json_parser *parser, JSAtom atom) {
    JSString *name = parser->ctx->rt->atom_array[atom];
    size_t len = name->len;
    const uint8_t *text = parser->at;
    if ((size_t)(parser->end - text) < len + 2 || *text != '"' || text[len + 1] != '"' ||
        memcmp(text + 1, str8(name), len))
        return false;
    parser->at += len + 2;
    if (parse_peek(parser) != ':') {
        parser->at = text;
        return false;
    }
    parser->at++;
    return true;
}

/* Sets a property that may be there: the last of equal keys counts. Consumes `value`. */
static bool parse_define(struct json_parser *parser, JSObject *object, JSAtom atom,
                         JSValue value) {
    JSProperty *property;
    if (find_own_property(&property, object, atom)) {
        set_value(parser->ctx, &property->u.value, value);
        return true;
    }
    property = add_property(parser->ctx, object, atom, JS_PROP_C_W_E);
    if (!property) {
        JS_FreeValue(parser->ctx, value);
        parser->threw = true;
        return false;
    }
    property->u.value = value;
    return true;
}

/* Reads the rest of an object key by key, from the key that is next. */
static bool parse_entries(struct json_parser *parser, JSObject *object, int depth) {
    for (;;) {
        if (parse_peek(parser) != '"')
            return false;
        parser->at++;
        JSValue name = parse_string(parser);
        if (JS_IsException(name))
            return false;
        JSAtom atom = JS_NewAtomStr(parser->ctx, JS_VALUE_GET_STRING(name));
        if (atom == JS_ATOM_NULL) {
            parse_threw(parser);
            JS_ThrowOutOfMemory(parser->ctx);
            return false;
        }
        bool is_defined = false;
        if (parse_peek(parser) == ':') {
            parser->at++;
            JSValue value = parse_value(parser, atom, depth);
            is_defined = !JS_IsException(value) && parse_define(parser, object, atom, value);
        }
        JS_FreeAtom(parser->ctx, atom);
        if (!is_defined)
            return false;
        uint8_t next = parse_peek(parser);
        parser->at++;
        if (next == '}')
            return true;
        if (next != ',')
            return false;
    }
}

/* Makes an object of the first keys of `guess`, whose values are on the stack from `base`. */
static JSValue parse_guessed(struct json_parser *parser, JSShape *guess, size_t base) {
    JSContext *ctx = parser->ctx;
    size_t len = parser->stack_len - base;
    JSValue *values = parser->stack + base;
    if (guess && len == (size_t)guess->prop_count) {
        JSValue object = JS_NewObjectFromShape(ctx, js_dup_shape(guess), JS_CLASS_OBJECT, NULL);
        if (JS_IsException(object))
            return parse_threw(parser);
        JSProperty *property = JS_VALUE_GET_OBJ(object)->prop;
        for (size_t i = 0; i < len; i++)
            property[i].u.value = values[i];
        parser->stack_len = base;
        return object;
    }
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object))
        return parse_threw(parser);
    for (size_t i = 0; i < len; i++) {
        JSValue value = values[i];
        values[i] = JS_UNDEFINED;
        JSAtom atom = get_shape_prop(guess)[i].atom;
        if (!parse_define(parser, JS_VALUE_GET_OBJ(object), atom, value)) {
            JS_FreeValue(ctx, object);
            return JS_EXCEPTION;
        }
    }
    parser->stack_len = base;
    return object;
}

/* Behind the brace. `key` is that of the nearest object around. */
static JSValue parse_object(struct json_parser *parser, JSAtom key, int depth) {
    size_t base = parser->stack_len;
    JSShape *guess = parser->guesses[key & (GUESSES - 1)];
    if (parse_peek(parser) == '}') {
        parser->at++;
        return parse_guessed(parser, NULL, base);
    }
    /* What is guessed may be replaced by an object within. */
    if (guess)
        js_dup_shape(guess);
    bool is_closed = false, failed = false;
    for (int i = 0; guess && i < guess->prop_count && !is_closed; i++) {
        JSAtom atom = get_shape_prop(guess)[i].atom;
        parse_peek(parser);
        if (!parse_guessed_key(parser, atom))
            break;
        JSValue value = parse_value(parser, atom, depth);
        if (JS_IsException(value) || !parse_push(parser, value)) {
            failed = true;
            break;
        }
        uint8_t next = parse_peek(parser);
        parser->at++;
        is_closed = next == '}';
        if (!is_closed && next != ',') {
            failed = true;
            break;
        }
    }
    JSValue object = failed ? JS_EXCEPTION : parse_guessed(parser, guess, base);
    if (!JS_IsException(object) && !is_closed &&
        !parse_entries(parser, JS_VALUE_GET_OBJ(object), depth)) {
        JS_FreeValue(parser->ctx, object);
        object = JS_EXCEPTION;
    }
    if (!JS_IsException(object))
        keep_guess(parser, key, JS_VALUE_GET_OBJ(object)->shape);
    if (guess)
        js_free_shape(parser->ctx->rt, guess);
    return object;
}

static bool parse_word(struct json_parser *parser, const char *word, size_t len) {
    if ((size_t)(parser->end - parser->at) < len || memcmp(parser->at, word, len))
        return false;
    parser->at += len;
    return true;
}

static JSValue parse_value(struct json_parser *parser, JSAtom key, int depth) {
    switch (parse_peek(parser)) {
    case '"':
        parser->at++;
        return parse_string(parser);
    case '{':
    case '[':
        if (stop_requested) {
            stop(parser->ctx);
            return parse_threw(parser);
        }
        if (depth == JSON_DEPTH_MAX)
            return JS_EXCEPTION;
        return *parser->at++ == '{' ? parse_object(parser, key, depth + 1)
                                    : parse_array(parser, key, depth + 1);
    case 't':
        return parse_word(parser, "true", 4) ? JS_TRUE : JS_EXCEPTION;
    case 'f':
        return parse_word(parser, "false", 5) ? JS_FALSE : JS_EXCEPTION;
    case 'n':
        return parse_word(parser, "null", 4) ? JS_NULL : JS_EXCEPTION;
    default:
        return parser->at < parser->end ? parse_number(parser) : JS_EXCEPTION;
    }
}

/* Whether `text` was parsed, into `value`, which is an exception when memory is short or the run
 * is stopped. */
static bool parse_fast(JSContext *ctx, const uint8_t *text, size_t len, bool is_latin1,
                       JSValue *value) {
    struct json_parser parser = {
        .ctx = ctx, .at = text, .end = text + len, .is_latin1 = is_latin1};
    /* Nothing that is made here is garbage, so nothing is gained by looking for it. */
    size_t threshold = ctx->rt->malloc_gc_threshold;
    ctx->rt->malloc_gc_threshold = SIZE_MAX;
    *value = parse_value(&parser, JS_ATOM_NULL, 0);
    ctx->rt->malloc_gc_threshold = threshold;
    if (!JS_IsException(*value) && (parse_peek(&parser) || parser.at < parser.end)) {
        JS_FreeValue(ctx, *value);
        *value = JS_EXCEPTION;
    }
    parse_pop(&parser, 0);
    js_free(ctx, parser.stack);
    for (int i = 0; i < GUESSES; i++)
        if (parser.guesses[i])
            js_free_shape(ctx->rt, parser.guesses[i]);
    for (int i = 0; i < SHARED_STRINGS; i++)
        if (parser.shared[i])
            js_free_string(ctx->rt, parser.shared[i]);
    return parser.threw || !JS_IsException(*value);
}

/* Parses UTF-8, which a NUL follows. */
static JSValue json_parse(JSContext *ctx, const char *text, size_t len, const char *file) {
    JSValue value;
    if (parse_fast(ctx, (const uint8_t *)text, len, false, &value))
        return value;
    return JS_ParseJSON(ctx, text, len, file);
}

/* JSON.parse */
static JSValue js_parse(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    if (argc > 1 && JS_IsFunction(ctx, argv[1]))
        return js_json_parse(ctx, this_val, argc, argv);
    JSValue text = JS_ToString(ctx, argv[0]);
    if (JS_IsException(text))
        return JS_EXCEPTION;
    JSString *string = JS_VALUE_GET_STRING(text);
    JSValue value;
    bool is_parsed = false;
    if (!string->is_wide_char) {
        is_parsed = parse_fast(ctx, str8(string), string->len, true, &value);
    } else {
        size_t len;
        const char *utf8 = JS_ToCStringLen(ctx, &len, text);
        if (!utf8) {
            JS_FreeValue(ctx, text);
            return JS_EXCEPTION;
        }
        is_parsed = parse_fast(ctx, (const uint8_t *)utf8, len, false, &value);
        JS_FreeCString(ctx, utf8);
    }
    if (!is_parsed)
        value = js_json_parse(ctx, this_val, 1, vc(&text));
    JS_FreeValue(ctx, text);
    return value;
}
