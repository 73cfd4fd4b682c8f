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
/* The builder puts this variable in the place of QuickJS' own constant. */
static int string_len_max = (1 << 30) - 1;
/* Every match of a regular expression goes through `watched_exec`, below. */
#define lre_exec watched_exec
#include "quickjs/quickjs.c"
#undef lre_exec
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))

IMPORT(call)
int32_t host_call(uint32_t slot, const char *module, size_t module_len, const char *function,
                  size_t function_len, const char *arguments, size_t arguments_len);
IMPORT(timer) int32_t host_timer(uint32_t slot, double ms);
IMPORT(log) int32_t host_log(int32_t level, const char *text, size_t len);
IMPORT(random) uint64_t host_random(void);

enum status { DONE = 0, WAITING = 1, THREW = 2, INTERRUPTED = 3, DEADLOCK = 4 };

/* What the host reads after a turn: JSON, or nothing where `text` is NULL. Like the flag below,
 * its address is exported. */
struct {
    const char *text;
    size_t len;
} outcome;

static JSRuntime *runtime;
static JSContext *context;
static JSValue hook_plain, hook_describe, hook_fail, hook_survey;
static JSValue running; /* the promise of the run */
static bool is_running, is_fresh = true;
volatile int32_t stop_requested;
/* Odd while a regular expression matches: the host reads it to time each match. */
volatile uint32_t regex_runs;

static const char prelude[] = {
#include "prelude.inc"
    , 0};

int lre_exec(uint8_t **capture, const uint8_t *bytecode, const uint8_t *input, int index, int len,
             int type, void *opaque);

int watched_exec(uint8_t **capture, const uint8_t *bytecode, const uint8_t *input, int index,
                 int len, int type, void *opaque) {
    regex_runs++;
    int result = lre_exec(capture, bytecode, input, index, len, type, opaque);
    regex_runs++;
    return result;
}

static int on_poll(JSRuntime *rt, void *opaque) { return stop_requested; }

/* Ends the turn in a way that no script can catch. */
static JSValue stop(JSContext *ctx) {
    stop_requested = 1;
    JS_ThrowInternalError(ctx, "interrupted");
    JS_SetUncatchableError(ctx, ctx->rt->current_exception);
    return JS_EXCEPTION;
}

#include "json_parse.c"
#include "json_print.c"
#include "slots.c"

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

/* pending(value) -> whether it is a promise that is not settled */
static JSValue js_pending(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv) {
    return js_bool(JS_PromiseState(ctx, argv[0]) == JS_PROMISE_PENDING);
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

/* Consumes `value`. */
static int32_t done(JSValue value) {
    JSValue json;
    clear_outcome();
    if (!json_print_strict(context, value, &json)) {
        JSValue plain = JS_Call(context, hook_plain, JS_UNDEFINED, 1, vc(&value));
        json = JS_IsException(plain) ? plain : json_print(context, plain);
        JS_FreeValue(context, plain);
    }
    JS_FreeValue(context, value);
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

/* Evaluates `code`, which a NUL follows, in the global scope. Both texts are blocks of `alloc`. */
EXPORT(start) int32_t guest_start(char *file, char *code, size_t len, size_t stack,
                                  int32_t string_max) {
    guest_reset();
    JS_SetMaxStackSize(runtime, stack);
    string_len_max = string_max;
    JS_UpdateStackTop(runtime);
    if (is_fresh) {
        is_fresh = false;
        context->time_origin = js__now_ms();
    }
    JSValue value = JS_Eval(context, code, len, file, JS_EVAL_TYPE_GLOBAL);
    free(code);
    free(file);
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

/* Takes the answers that the host wrote to `at`, a block of `alloc`, and goes on. Each answer is
 * the slot, whether it is fulfilled, the length of its JSON, the JSON and a NUL, padded to four
 * bytes. */
EXPORT(resume) int32_t guest_resume(char *at, size_t len) {
    JS_UpdateStackTop(runtime);
    for (size_t next = 0; next < len;) {
        uint32_t head[3];
        memcpy(head, at + next, sizeof head);
        next += sizeof head;
        settle((int32_t)head[0], head[1], at + next, head[2]);
        next += (head[2] + 4) & ~3u;
    }
    free(at);
    return guest_pump();
}

/* Leaves what the prelude's `survey` says of the variables whose names are the JSON at `names`,
 * a block of `alloc`, as the outcome. */
EXPORT(survey) int32_t guest_survey(char *names, size_t len) {
    JS_UpdateStackTop(runtime);
    clear_outcome();
    JSValue list = json_parse(context, names, len, "<names>");
    free(names);
    JSValue json = JS_Call(context, hook_survey, JS_UNDEFINED, 1, vc(&list));
    JS_FreeValue(context, list);
    if (JS_IsString(json))
        outcome.text = JS_ToCStringLen(context, &outcome.len, json);
    JS_FreeValue(context, json);
    JS_FreeValue(context, JS_GetException(context));
    return stop_requested ? INTERRUPTED : DONE;
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
    JSValue json = JS_GetPropertyStr(context, global, "JSON");
    define(json, "parse", js_parse, 2);
    define(json, "stringify", js_stringify, 3);
    JSValue native = JS_NewObject(context);
    define(native, "call", js_call_out, 3);
    define(native, "sleep", js_sleep, 2);
    define(native, "cancel", js_cancel, 1);
    define(native, "pending", js_pending, 1);
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
    hook_survey = hook(hooks, "survey");

    JS_FreeValue(context, hooks);
    JS_FreeValue(context, install);
    JS_FreeValue(context, native);
    JS_FreeValue(context, json);
    JS_FreeValue(context, math);
    JS_FreeValue(context, global);
    JS_RunGC(runtime);
}
