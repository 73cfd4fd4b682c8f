//! Runs the guest's initialisation once and keeps the memory that it leaves.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use wasmtime::{Caller, Config, Engine, Extern, Instance, Linker, Memory, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use crate::Result;

/// The WebAssembly stack that initialisation may use; compiling the prelude takes little.
const STACK: usize = 1024 * 1024;

/// `plain` as it is after its `init` has run.
pub(crate) fn preinitialise(plain: &[u8]) -> Result<Vec<u8>> {
    let mut wizer = Wizer::new();
    wizer.init_func("init");
    let (module, instrumented) = wizer.instrument(plain)?;

    let engine = Engine::new(Config::new().max_wasm_stack(STACK))?;
    let mut store = Store::new(&engine, ());
    let instance =
        linker(&engine)?.instantiate(&mut store, &Module::new(&engine, &instrumented)?)?;
    instance.get_typed_func::<(), ()>(&mut store, "init")?.call(&mut store, ())?;

    let mut state = State { store, instance };
    Ok(now(wizer.snapshot(&module, &mut state))??)
}

/// The guest's imports, all of them without effect: the image must not depend on when and where
/// it was built.
fn linker(engine: &Engine) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("env", "__rquickjs_host_now_us", || 0.0_f64)?;
    linker.func_wrap("host", "random", || 0_i64)?;
    linker.func_wrap("host", "timer", |_: i32, _: f64| 1_i32)?;
    linker.func_wrap("host", "log", |mut caller: Caller<'_, ()>, _: i32, at: u32, len: u32| {
        // Only an initialisation that fails has something to say.
        if let Some(Extern::Memory(memory)) = caller.get_export("memory") {
            let text =
                memory.data(&caller).get(at as usize..).and_then(|from| from.get(..len as usize));
            eprintln!("{}", String::from_utf8_lossy(text.unwrap_or_default()));
        }
        1_i32
    })?;
    linker.func_wrap(
        "host",
        "call",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| 1_i32,
    )?;
    Ok(linker)
}

struct State {
    store: Store<()>,
    instance: Instance,
}

impl InstanceState for State {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self
            .instance
            .get_global(&mut self.store, name)
            .expect("the instrumented module exports every global");
        match global.get(&mut self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(value) => SnapshotVal::F32(value),
            Val::F64(value) => SnapshotVal::F64(value),
            other => unreachable!("clang makes no global of type {:?}", other.ty(&self.store)),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory: Memory = self
            .instance
            .get_memory(&mut self.store, name)
            .expect("the instrumented module exports its memory");
        contents(memory.data(&self.store));
    }
}

/// The output of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("taking the image waited for something".into()),
    }
}
