/* What a script waits for: the table of its calls and timers, from the request to the answer. */

/* Calls and timers that wait at once. The host's own limit is lower; this one bounds the table. */
#define SLOTS_MAX 65536
#define SLOTS_FIRST 64

/* One call or timer that waits for the host. */
struct slot {
    JSValue resolve, reject;
    JSValue error; /* of a call, made there, so that its stack names the caller */
    uint64_t serial; /* never the same twice: a handle outlives its slot */
    int32_t next;  /* of the free list; -1 ends it */
    bool waiting;
};

static struct slot *slots;
static int32_t slots_len, slots_free = -1, slots_waiting;
static uint64_t slots_taken;

static bool grow_slots(JSContext *ctx) {
    int32_t len = slots_len ? slots_len * 2 : SLOTS_FIRST;
    if (len > SLOTS_MAX) {
        JS_ThrowRangeError(ctx, "more than %d calls wait at once", SLOTS_MAX);
        return false;
    }
    struct slot *grown = realloc(slots, sizeof(struct slot) * (size_t)len);
    if (!grown) {
        JS_ThrowOutOfMemory(ctx);
        return false;
    }
    for (int32_t i = slots_len; i < len; i++)
        grown[i] = (struct slot){.next = i + 1 < len ? i + 1 : -1};
    slots_free = slots_len;
    slots = grown;
    slots_len = len;
    return true;
}

static void release_slot(int32_t index) {
    struct slot *slot = &slots[index];
    slot->waiting = false;
    slot->next = slots_free;
    slots_free = index;
    slots_waiting--;
    JSValue resolve = slot->resolve, reject = slot->reject, error = slot->error;
    JS_FreeValue(context, resolve);
    JS_FreeValue(context, reject);
    JS_FreeValue(context, error);
}

/* Takes a slot and gives its promise. Consumes `error`. */
static JSValue take_slot(JSContext *ctx, JSValue error, int32_t *index) {
    JSValue resolvers[2];
    JSValue promise = JS_NewPromiseCapability(ctx, resolvers);
    if (JS_IsException(promise)) {
        JS_FreeValue(ctx, error);
        return JS_EXCEPTION;
    }
    if (slots_free < 0 && !grow_slots(ctx)) {
        JS_FreeValue(ctx, error);
        JS_FreeValue(ctx, promise);
        JS_FreeValue(ctx, resolvers[0]);
        JS_FreeValue(ctx, resolvers[1]);
        return JS_EXCEPTION;
    }
    *index = slots_free;
    struct slot *slot = &slots[*index];
    slots_free = slot->next;
    *slot = (struct slot){resolvers[0], resolvers[1], error, ++slots_taken, -1, true};
    slots_waiting++;
    return promise;
}

static JSValue take_call_slot(JSContext *ctx, int32_t *index) {
    /* May run `Error.prepareStackTrace`, and that may call: the slot is taken afterwards. */
    JSValue error = JS_NewError(ctx);
    return JS_IsException(error) ? JS_EXCEPTION : take_slot(ctx, error, index);
}

/* call(module, function, arguments) -> promise */
static JSValue js_call_out(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    JSValue promise = JS_EXCEPTION, json = JS_UNDEFINED;
    const char *module = NULL, *function = NULL, *arguments = NULL;
    size_t module_len, function_len, arguments_len;
    int32_t index;

    json = json_print(ctx, argv[2]);
    if (JS_IsException(json))
        return JS_EXCEPTION;
    if (JS_IsUndefined(json))
        json = JS_NewStringLen(ctx, "null", 4);
    if ((module = JS_ToCStringLen(ctx, &module_len, argv[0])) &&
        (function = JS_ToCStringLen(ctx, &function_len, argv[1])) &&
        (arguments = JS_ToCStringLen(ctx, &arguments_len, json)))
        promise = take_call_slot(ctx, &index);
    if (!JS_IsException(promise) && host_call((uint32_t)index, module, module_len, function,
                                              function_len, arguments, arguments_len)) {
        release_slot(index);
        JS_FreeValue(ctx, promise);
        promise = stop(ctx);
    }
    JS_FreeCString(ctx, module);
    JS_FreeCString(ctx, function);
    JS_FreeCString(ctx, arguments);
    JS_FreeValue(ctx, json);
    return promise;
}

/* sleep(ms, tell) -> promise. `tell`, a function, is called with the handle for `cancel`. */
static JSValue js_sleep(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    int32_t index;
    double ms;
    if (JS_ToFloat64(ctx, &ms, argv[0]))
        return JS_EXCEPTION;
    JSValue promise = take_slot(ctx, JS_UNDEFINED, &index);
    if (JS_IsException(promise))
        return JS_EXCEPTION;
    if (host_timer((uint32_t)index, ms)) {
        release_slot(index);
        JS_FreeValue(ctx, promise);
        return stop(ctx);
    }
    JSValue handle = js_float64((double)slots[index].serial * SLOTS_MAX + index);
    JSValue told = JS_Call(ctx, argv[1], JS_UNDEFINED, 1, vc(&handle));
    if (JS_IsException(told)) {
        JS_FreeValue(ctx, promise);
        return JS_EXCEPTION;
    }
    JS_FreeValue(ctx, told);
    return promise;
}

/* cancel(handle): its promise is never settled, and nobody waits for it */
static JSValue js_cancel(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    double handle;
    if (JS_ToFloat64(ctx, &handle, argv[0]))
        return JS_EXCEPTION;
    uint64_t bits = handle >= 0 && handle < 0x1p53 ? (uint64_t)handle : 0;
    int32_t index = (int32_t)(bits % SLOTS_MAX);
    if (index < slots_len && slots[index].waiting && slots[index].serial == bits / SLOTS_MAX)
        release_slot(index);
    return JS_UNDEFINED;
}

/* Settles what waits in a slot with JSON, which a NUL follows. */
static void settle(int32_t index, bool fulfilled, const char *json, size_t len) {
    if (index < 0 || index >= slots_len || !slots[index].waiting)
        return;
    struct slot *slot = &slots[index];
    JSValue value = json_parse(context, json, len, "<answer>");
    if (JS_IsException(value)) {
        value = JS_GetException(context);
        fulfilled = false;
    } else if (!fulfilled) {
        JSValueConst argv[2] = {slot->error, value};
        JSValue error = JS_Call(context, hook_fail, JS_UNDEFINED, 2, argv);
        JS_FreeValue(context, value);
        value = JS_IsException(error) ? JS_GetException(context) : error;
    }
    /* `fail` may have run code of the script's, and that may have made calls. */
    slot = &slots[index];
    JSValue settle = js_dup(fulfilled ? slot->resolve : slot->reject);
    release_slot(index);
    JS_FreeValue(context, JS_Call(context, settle, JS_UNDEFINED, 1, vc(&value)));
    JS_FreeValue(context, settle);
    JS_FreeValue(context, value);
}
