//! `sextant demo --headless`: the pipeline on a throw-away folder, and its figures.

use crate::program::Home;

#[test]
fn the_demo_prints_figures_that_agree_with_each_other_and_leaves_nothing() {
    let home = Home::with_model();
    let temp = home.dir.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    let output = home
        .command(&["demo", "--headless", "--seconds", "8", "--seed", "2"])
        .env("TMPDIR", &temp)
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let figures: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON object");
    let of = |name: &str| {
        figures[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} is missing in {figures}"))
    };
    assert!(of("inbound") > 150, "{figures}");
    assert_eq!(of("classified"), of("inbound"), "{figures}");
    assert!(
        of("polled") >= of("stored") && of("stored") >= of("inbound"),
        "{figures}"
    );
    assert!(
        of("abstained") < of("classified") && of("critical") > 0,
        "{figures}"
    );
    assert!(of("p50_ms") <= of("p95_ms"), "{figures}");
    assert_eq!((of("unknown"), of("failed")), (0, 0), "{figures}");
    assert!(of("sent") + of("recalled") < of("inbound"), "{figures}");
    assert_eq!(
        std::fs::read_dir(&temp).unwrap().count(),
        0,
        "something was left, by us or by the library that runs the model"
    );
    assert!(!home.data().exists(), "the user's own folder was touched");
}
