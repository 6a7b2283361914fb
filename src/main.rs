//! The program: everything is in the library, see [`sextant`].

fn main() -> std::process::ExitCode {
    tell_nobody();
    sextant::cli::main()
}

/// Newer builds of ONNX Runtime report their use to their maker, unless this variable is set before the library is
/// loaded; asked through its interface later, they have already opened their store (1.32: `.ses` in the temporary folder).
#[allow(
    unsafe_code,
    reason = "the library reads nothing but the process's environment, and there is only this thread yet"
)]
fn tell_nobody() {
    // SAFETY: the first act of `main`, so no other thread reads or writes the environment.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}
