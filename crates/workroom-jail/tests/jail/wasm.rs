//! WebAssembly inside the walls, as the sandbox has it: a pool of memories whose contents are
//! mapped copy on write, guests made and dropped on threads that started inside.

use std::{io, thread};

use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, Trap,
};

use crate::cases::Tried;

const THREADS: usize = 4;
const GUESTS_PER_THREAD: usize = 50;

/// Made by hand of:
///
/// ```wat
/// (module
///   (memory (export "memory") 1 16)
///   (data (i32.const 8) "jail")
///   ;; Grows by so many pages, writes to the last byte, gives the data.
///   (func (export "run") (param i32) (result i32)
///     (drop (memory.grow (local.get 0)))
///     (i32.store8
///       (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))
///       (i32.const 1))
///     (i32.load (i32.const 8)))
///   (func (export "beyond") (result i32) (i32.load (i32.const -4)))
///   (func $forever (export "forever") (call $forever)))
/// ```
#[rustfmt::skip]
const GUEST: &[u8] = &[
    0x00, b'a', b's', b'm', 1, 0, 0, 0,
    // Types, functions, memory.
    1, 13, 3, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f, 0x60, 0, 0,
    3, 4, 3, 0, 1, 2,
    5, 4, 1, 1, 1, 16,
    // Exports.
    7, 35, 4, 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, 3, b'r', b'u', b'n', 0, 0,
    6, b'b', b'e', b'y', b'o', b'n', b'd', 0, 1,
    7, b'f', b'o', b'r', b'e', b'v', b'e', b'r', 0, 2,
    // Code.
    10, 42, 3,
    27, 0, 0x20, 0, 0x40, 0, 0x1a,
    0x3f, 0, 0x41, 0x80, 0x80, 4, 0x6c, 0x41, 1, 0x6b, 0x41, 1, 0x3a, 0, 0,
    0x41, 8, 0x28, 2, 0, 0x0b,
    7, 0, 0x41, 0x7c, 0x28, 2, 0, 0x0b,
    4, 0, 0x10, 2, 0x0b,
    // Data.
    11, 10, 1, 0, 0x41, 8, 0x0b, 4, b'j', b'a', b'i', b'l',
];

/// Compiles outside, runs inside.
pub(crate) fn run() -> Box<dyn FnOnce() -> Tried> {
    let engine = engine();
    let module = Module::new(&engine, GUEST).expect("the guest compiles");
    // Else the first guest makes it, of a `memfd`.
    module.initialize_copy_on_write_image().expect("an image");
    let image = Linker::new(&engine).instantiate_pre(&module).expect("it imports nothing");
    Box::new(move || {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let image = image.clone();
                thread::Builder::new().spawn(move || guests(&image))
            })
            .collect::<io::Result<_>>()?;
        let mut guests = 0;
        for thread in threads {
            guests += thread.join().expect("guests do not panic")?;
        }
        Ok(format!("{guests} guests"))
    })
}

/// Compiling makes memory executable, which is for before the walls.
pub(crate) fn compile() -> Box<dyn FnOnce() -> Tried> {
    let engine = engine();
    Box::new(move || {
        Module::new(&engine, GUEST).map_err(io::Error::other)?;
        Ok("compiled".to_owned())
    })
}

fn engine() -> Engine {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()))
        .memory_init_cow(true)
        // The threads of a compiler would run when the walls are raised.
        .parallel_compilation(false);
    Engine::new(&config).expect("an engine")
}

fn guests(image: &InstancePre<()>) -> io::Result<usize> {
    for _ in 0..GUESTS_PER_THREAD {
        guest(image).map_err(io::Error::other)?;
    }
    Ok(GUESTS_PER_THREAD)
}

/// Uses a guest in each way that needs the kernel: growing, a fault, a stack's end. What it
/// writes must be gone for the next guest in its place.
fn guest(image: &InstancePre<()>) -> wasmtime::Result<()> {
    let mut store = Store::new(image.module().engine(), ());
    let guest = image.instantiate(&mut store)?;
    let run = guest.get_typed_func::<i32, i32>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, 3)?.to_le_bytes(), *b"jail");
    let memory = guest.get_memory(&mut store, "memory").expect("it is exported");
    assert_eq!(memory.size(&store), 4);
    memory.write(&mut store, 8, b"used")?;
    assert_eq!(trap::<i32>(&guest, &mut store, "beyond"), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap::<()>(&guest, &mut store, "forever"), Some(Trap::StackOverflow));
    Ok(())
}

fn trap<R: wasmtime::WasmResults>(
    guest: &Instance,
    store: &mut Store<()>,
    name: &str,
) -> Option<Trap> {
    let function = guest.get_typed_func::<(), R>(&mut *store, name).ok()?;
    function.call(store, ()).err()?.downcast().ok()
}
