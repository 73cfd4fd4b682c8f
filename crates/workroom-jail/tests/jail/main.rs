//! What a process can do inside the walls, tried by real processes.
//!
//! Each line of [`cases::CASES`] is one child of this program: it raises the walls, makes its
//! attempt and says what came of it. Walls hold a whole process for good, and most attempts end
//! it, so none can be made in the process of the tests.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[allow(clippy::unnecessary_wraps, reason = "attempts have one type, also those that cannot fail")]
mod attempts;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod cases;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod runner;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod wasm;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn main() -> std::process::ExitCode {
    runner::main()
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn main() -> std::process::ExitCode {
    use libtest_mimic::{Arguments, Trial};
    let trial = Trial::test("no wall stands", || {
        assert!(!workroom_jail::probe().all_stand());
        assert_eq!(workroom_jail::enter(), workroom_jail::probe());
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}
