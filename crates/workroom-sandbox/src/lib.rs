//! QuickJS in WebAssembly on Wasmtime: the sandbox that agent code runs in.
