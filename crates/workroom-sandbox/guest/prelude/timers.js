// Timers, on the host's clock. A timer ends with its run: the host is asked for a pause, which is
// a call like others, and nothing waits for it once the run's value is there.

const TIMER_MS_MAX = 2147483647;

// Of the timers that are set: the handle of the pause under way, by id.
const timers = create(null);
let lastTimer = 0;

function duration(ms) {
  const number = Number(ms);
  return number >= 1 && number <= TIMER_MS_MAX ? number : 1;
}

function arm(id, ms, due) {
  const pause = native.sleep(ms, (handle) => {
    timers[id] = handle;
  });
  then(pause, () => {
    if (id in timers) due();
  });
}

// What a callback throws has nowhere to go: it is logged, as a browser would.
function callBack(name, callback, values) {
  try {
    apply(callback, undefined, values);
  } catch (error) {
    native.log(4, `uncaught in ${name}: ${inspect(error)}`);
  }
}

function timerFunction(name, repeats, takesDelay) {
  const set = (callback, ...rest) => {
    if (typeof callback !== "function") {
      throw new TypeError(`${name} takes a function`);
    }
    const ms = takesDelay ? duration(rest[0]) : 0;
    const values = takesDelay ? slicedArray(rest, 1) : rest;
    const id = ++lastTimer;
    const due = () => {
      if (repeats) arm(id, ms, due);
      else delete timers[id];
      callBack(name, callback, values);
    };
    arm(id, ms, due);
    return id;
  };
  defineProperty(set, "name", { value: name });
  provide(name, set);
}

timerFunction("setTimeout", false, true);
timerFunction("setInterval", true, true);
timerFunction("setImmediate", false, false);

for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) {
  const clear = (id) => {
    if (typeof id !== "number" || !(id in timers)) return;
    native.cancel(timers[id]);
    delete timers[id];
  };
  defineProperty(clear, "name", { value: name });
  provide(name, clear);
}
