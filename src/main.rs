//! The program: everything is in the library, see [`sextant`].

fn main() -> std::process::ExitCode {
    sextant::cli::main()
}
