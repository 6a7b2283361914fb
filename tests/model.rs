//! The real model.
use sextant::embed::Embedder;
use sextant::embed::fast::FastEmbedder;
use sextant::embed::model::{Options, install, progress::Progress};

struct Shout;
impl Progress for Shout {
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) {
        eprintln!("{phase} {done} {total:?}");
    }
    fn note(&self, sentence: &str) {
        eprintln!("{sentence}");
    }
}

#[test]
fn loads() {
    let options = Options::from_environment(None).unwrap();
    let installed = install(&options, &Shout).unwrap();
    let start = std::time::Instant::now();
    let mut embedder = FastEmbedder::load(&installed, None).unwrap();
    eprintln!("{installed:?} {:?}", start.elapsed());
    let v = embedder.embed(&["where is my parcel", "wo ist mein Paket", "I love this colour"]).unwrap();
    eprintln!("{} {} {:?}", v[0].cosine(&v[1]), v[0].cosine(&v[2]), start.elapsed());
}
