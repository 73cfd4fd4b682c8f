/* The guest: QuickJS as a reactor that never blocks.
 *
 * The host calls in, a turn runs until every job is done, and the status says what the script
 * waits for. Host functions only queue and report; none of them calls back into the guest, and
 * between two turns no frame is on the stack.
 *
 * The engine is included as source, since the job queue, object layout and back traces that are
 * used below have no public interface.
 *
 * Stops: the host writes 1 to `stop_requested`, or answers a host function with 1. QuickJS then
 * throws what no `catch` or `finally` holds, the turn ends with INTERRUPTED, and `reset` drops
 * what is left of the run. The globals stay. */
#include "quickjs/quickjs.c"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))

IMPORT(call)
int32_t host_call(uint32_t slot, const char *module, size_t module_len, const char *function,
                  size_t function_len, const char *arguments, size_t arguments_len);
IMPORT(log) int32_t host_log(int32_t level, const char *text, size_t len);
IMPORT(random) uint64_t host_random(void);

/* Calls that wait at once. The host's own limit on calls is lower by default; this one bounds
 * the table. */
#define SLOTS_MAX 65536
#define SLOTS_FIRST 64
/* Nesting up to which a value is looked at here; a deeper one takes the careful way. */
#define PLAIN_DEPTH_MAX 100
/* Values looked at between two looks at `stop_requested`. */
#define PLAIN_POLL 4096

enum status { DONE = 0, WAITING = 1, THREW = 2, INTERRUPTED = 3, DEADLOCK = 4 };

/* What the host reads after a turn: JSON, or nothing where `text` is NULL. Like the flag below,
 * its address is exported. */
struct {
    const char *text;
    size_t len;
} outcome;

/* One call that waits for its answer. */
struct slot {
    JSValue resolve, reject;
    JSValue error; /* made at the call, so that its stack names the caller */
    int32_t next;  /* of the free list; -1 ends it */
    bool waiting;
};

static JSRuntime *runtime;
static JSContext *context;
static JSValue hook_plain, hook_describe, hook_fail;
static struct slot *slots;
static int32_t slots_len, slots_free = -1, slots_waiting;
static JSValue running; /* the promise of the run */
static bool is_running, is_fresh = true;
volatile int32_t stop_requested;

static const char prelude[] = {
#include "prelude.inc"
    , 0};

static int on_poll(JSRuntime *rt, void *opaque) { return stop_requested; }

/* Ends the turn in a way that no script can catch. */
static JSValue stop(JSContext *ctx) {
    stop_requested = 1;
    JS_ThrowInternalError(ctx, "interrupted");
    JS_SetUncatchableError(ctx, ctx->rt->current_exception);
    return JS_EXCEPTION;
}

/* ---- calls ---- */

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

/* Takes a slot for a call and gives its promise. */
static JSValue take_slot(JSContext *ctx, int32_t *index) {
    JSValue resolvers[2];
    /* May run `Error.prepareStackTrace`, and that may call: the slot is taken afterwards. */
    JSValue error = JS_NewError(ctx);
    if (JS_IsException(error))
        return JS_EXCEPTION;
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
    *slot = (struct slot){resolvers[0], resolvers[1], error, -1, true};
    slots_waiting++;
    return promise;
}

/* call(module, function, arguments) -> promise */
static JSValue js_call_out(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    JSValue promise = JS_EXCEPTION, json = JS_UNDEFINED;
    const char *module = NULL, *function = NULL, *arguments = NULL;
    size_t module_len, function_len, arguments_len;
    int32_t index;

    json = JS_JSONStringify(ctx, argv[2], JS_UNDEFINED, JS_UNDEFINED);
    if (JS_IsException(json))
        return JS_EXCEPTION;
    if (JS_IsUndefined(json))
        json = JS_NewStringLen(ctx, "null", 4);
    if ((module = JS_ToCStringLen(ctx, &module_len, argv[0])) &&
        (function = JS_ToCStringLen(ctx, &function_len, argv[1])) &&
        (arguments = JS_ToCStringLen(ctx, &arguments_len, json)))
        promise = take_slot(ctx, &index);
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

/* ---- what the prelude needs and JavaScript has not ---- */

/* log(level, text) */
static JSValue js_log(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    int32_t level;
    size_t len;
    if (JS_ToInt32(ctx, &level, argv[0]))
        return JS_EXCEPTION;
    const char *text = JS_ToCStringLen(ctx, &len, argv[1]);
    if (!text)
        return JS_EXCEPTION;
    int32_t refused = host_log(level, text, len);
    JS_FreeCString(ctx, text);
    return refused ? stop(ctx) : JS_UNDEFINED;
}

/* random() -> [0, 1), from the host: QuickJS' own seed is frozen in the image */
static JSValue js_host_random(JSContext *ctx, JSValueConst this_val, int argc,
                              JSValueConst *argv) {
    return js_float64((double)(host_random() >> 11) * 0x1p-53);
}

/* kind(object) -> the name of its class, which no script can fake */
static JSValue js_kind(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    JSClassID id = JS_GetClassID(argv[0]);
    if (id == JS_INVALID_CLASS_ID || id >= (JSClassID)runtime->class_count)
        return JS_UNDEFINED;
    return JS_AtomToString(ctx, runtime->class_array[id].class_name);
}

#include "text.c"

/* ---- the end of a run ---- */

static void clear_outcome(void) {
    if (outcome.text)
        JS_FreeCString(context, outcome.text);
    outcome.text = NULL;
    outcome.len = 0;
}

static int32_t threw(JSValue error) {
    JSValue json = JS_Call(context, hook_describe, JS_UNDEFINED, 1, vc(&error));
    JS_FreeValue(context, error);
    clear_outcome();
    if (!JS_IsException(json))
        outcome.text = JS_ToCStringLen(context, &outcome.len, json);
    if (!outcome.text)
        JS_FreeValue(context, JS_GetException(context));
    JS_FreeValue(context, json);
    return stop_requested ? INTERRUPTED : THREW;
}

/* Whether JSON.stringify loses nothing of `value`: only null, booleans, numbers, strings, and
 * plain objects and arrays of them. Deeper or odder values are left to the prelude. */
static bool is_plain(JSValueConst value, int depth, int *budget) {
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
    case JS_TAG_BOOL:
    case JS_TAG_NULL:
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE:
    case JS_TAG_UNDEFINED:
        return true;
    case JS_TAG_OBJECT:
        break;
    default:
        return false;
    }
    if (depth == PLAIN_DEPTH_MAX)
        return false;
    if (--*budget <= 0) {
        if (stop_requested)
            return false;
        *budget = PLAIN_POLL;
    }
    JSObject *object = JS_VALUE_GET_OBJ(value);
    JSObject *proto = object->shape->proto;
    if (object->class_id == JS_CLASS_ARRAY) {
        if (!object->fast_array || proto != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_ARRAY]))
            return false;
        for (uint32_t i = 0; i < object->u.array.count; i++)
            if (!is_plain(object->u.array.u.values[i], depth + 1, budget))
                return false;
        return true;
    }
    if (object->class_id != JS_CLASS_OBJECT || object->is_exotic)
        return false;
    if (proto && proto != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]))
        return false;
    JSShapeProperty *property = get_shape_prop(object->shape);
    for (int i = 0; i < object->shape->prop_count; i++, property++) {
        if (property->atom == JS_ATOM_NULL || !(property->flags & JS_PROP_ENUMERABLE))
            continue;
        if ((property->flags & JS_PROP_TMASK) != JS_PROP_NORMAL ||
            !is_plain(object->prop[i].u.value, depth + 1, budget))
            return false;
    }
    return true;
}

/* Consumes `value`. */
static int32_t done(JSValue value) {
    int budget = PLAIN_POLL;
    clear_outcome();
    if (!is_plain(value, 0, &budget)) {
        JSValue plain = JS_Call(context, hook_plain, JS_UNDEFINED, 1, vc(&value));
        JS_FreeValue(context, value);
        value = plain;
    }
    JSValue json = value;
    if (!JS_IsException(value)) {
        json = JS_JSONStringify(context, value, JS_UNDEFINED, JS_UNDEFINED);
        JS_FreeValue(context, value);
    }
    if (JS_IsString(json))
        outcome.text = JS_ToCStringLen(context, &outcome.len, json);
    bool failed = JS_IsException(json) || (JS_IsString(json) && !outcome.text);
    JS_FreeValue(context, json);
    if (stop_requested)
        return INTERRUPTED;
    return failed ? threw(JS_GetException(context)) : DONE;
}

static void drop_jobs(void) {
    struct list_head *at, *next;
    list_for_each_safe(at, next, &runtime->job_list) {
        JSJobEntry *job = list_entry(at, JSJobEntry, link);
        list_del(&job->link);
        for (int i = 0; i < job->argc; i++)
            JS_FreeValueRT(runtime, job->argv[i]);
        js_free_rt(runtime, job);
    }
}

/* ---- what the host calls ---- */

EXPORT(alloc) void *guest_alloc(size_t len) { return malloc(len); }
EXPORT(dealloc) void guest_dealloc(void *at) { free(at); }

/* Gives up the run: its jobs and its calls; the globals stay. */
EXPORT(reset) void guest_reset(void) {
    JS_UpdateStackTop(runtime);
    drop_jobs();
    for (int32_t i = 0; slots_waiting && i < slots_len; i++)
        if (slots[i].waiting)
            release_slot(i);
    if (is_running) {
        is_running = false;
        JS_FreeValue(context, running);
    }
    clear_outcome();
    JS_FreeValue(context, JS_GetException(context));
    stop_requested = 0;
}

/* Runs jobs until none is left, and says what the run waits for. */
EXPORT(pump) int32_t guest_pump(void) {
    JSContext *ctx;
    int ran;
    JS_UpdateStackTop(runtime);
    if (stop_requested)
        return INTERRUPTED;
    while ((ran = JS_ExecutePendingJob(runtime, &ctx)) != 0) {
        if (ran < 0)
            JS_FreeValue(ctx, JS_GetException(ctx));
        if (stop_requested)
            return INTERRUPTED;
    }
    if (!is_running)
        return DONE;
    JSPromiseStateEnum state = JS_PromiseState(context, running);
    if (state == JS_PROMISE_PENDING)
        return slots_waiting ? WAITING : DEADLOCK;
    JSValue value = running;
    is_running = false;
    if (JS_IsObject(value) && JS_GetClassID(value) == JS_CLASS_PROMISE) {
        value = JS_PromiseResult(context, running);
        JS_FreeValue(context, running);
    }
    return state == JS_PROMISE_REJECTED ? threw(value) : done(value);
}

/* Evaluates `code`, which a NUL follows, in the global scope. */
EXPORT(start) int32_t guest_start(const char *file, const char *code, size_t len, size_t stack) {
    guest_reset();
    JS_SetMaxStackSize(runtime, stack);
    JS_UpdateStackTop(runtime);
    if (is_fresh) {
        is_fresh = false;
        context->time_origin = js__now_ms();
    }
    JSValue value = JS_Eval(context, code, len, file, JS_EVAL_TYPE_GLOBAL);
    if (stop_requested) {
        JS_FreeValue(context, value);
        return INTERRUPTED;
    }
    if (JS_IsException(value))
        return threw(JS_GetException(context));
    running = value;
    is_running = true;
    return guest_pump();
}

/* Settles the call of a slot with JSON, which a NUL follows. */
EXPORT(settle) void guest_settle(int32_t index, int32_t fulfilled, const char *json, size_t len) {
    if (index < 0 || index >= slots_len || !slots[index].waiting)
        return;
    JS_UpdateStackTop(runtime);
    struct slot *slot = &slots[index];
    JSValue value = JS_ParseJSON(context, json, len, "<answer>");
    if (JS_IsException(value)) {
        value = JS_GetException(context);
        fulfilled = 0;
    } else if (!fulfilled) {
        JSValueConst argv[2] = {slot->error, value};
        JSValue error = JS_Call(context, hook_fail, JS_UNDEFINED, 2, argv);
        JS_FreeValue(context, value);
        value = JS_IsException(error) ? JS_GetException(context) : error;
    }
    JSValue settle = js_dup(fulfilled ? slot->resolve : slot->reject);
    release_slot(index);
    JS_FreeValue(context, JS_Call(context, settle, JS_UNDEFINED, 1, vc(&value)));
    JS_FreeValue(context, settle);
    JS_FreeValue(context, value);
}

/* ---- the image ---- */

static void define(JSValueConst object, const char *name, JSCFunction *function, int len) {
    JS_DefinePropertyValueStr(context, object, name, JS_NewCFunction(context, function, name, len),
                              JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
}

/* Tells the builder what the prelude threw, and ends the build. */
static void give_up(void) {
    size_t len;
    JSValue error = JS_GetException(context);
    const char *text = JS_ToCStringLen(context, &len, error);
    if (text)
        host_log(4, text, len);
    JSValue stack = JS_GetPropertyStr(context, error, "stack");
    text = JS_ToCStringLen(context, &len, stack);
    if (text)
        host_log(4, text, len);
    __builtin_trap();
}

static JSValue hook(JSValueConst hooks, const char *name) {
    JSValue function = JS_GetPropertyStr(context, hooks, name);
    if (!JS_IsFunction(context, function))
        give_up();
    return function;
}

/* Called once, when the image is built: every guest begins as this leaves it. */
EXPORT(init) void guest_init(void) {
    runtime = JS_NewRuntime();
    JS_SetInterruptHandler(runtime, on_poll, NULL);
    context = JS_NewContext(runtime);
    if (!context || JS_AddIntrinsicDOMException(context))
        __builtin_trap();
    JS_SetMaxStackSize(runtime, 512 * 1024);

    JSValue global = JS_GetGlobalObject(context);
    JSValue math = JS_GetPropertyStr(context, global, "Math");
    define(math, "random", js_host_random, 0);
    JSValue native = JS_NewObject(context);
    define(native, "call", js_call_out, 3);
    define(native, "log", js_log, 2);
    define(native, "kind", js_kind, 1);
    define(native, "random", js_host_random, 0);
    define(native, "encode", js_encode, 1);
    define(native, "decode", js_decode, 2);

    JSValue install =
        JS_Eval(context, prelude, sizeof(prelude) - 1, "workroom:prelude", JS_EVAL_TYPE_GLOBAL);
    JSValue hooks = JS_Call(context, install, JS_UNDEFINED, 1, vc(&native));
    if (JS_IsException(hooks))
        give_up();
    hook_plain = hook(hooks, "plain");
    hook_describe = hook(hooks, "describe");
    hook_fail = hook(hooks, "fail");

    JS_FreeValue(context, hooks);
    JS_FreeValue(context, install);
    JS_FreeValue(context, native);
    JS_FreeValue(context, math);
    JS_FreeValue(context, global);
    JS_RunGC(runtime);
}
