//! The real model, all-MiniLM-L6-v2, as `cargo xtask model` installs it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use workroom_catalog::Similarity as _;
use workroom_embeddings::{Embeddings, MODEL_BYTES_MAX, TOKENS_MAX, VECTORS_MAX};

fn model() -> PathBuf {
    let tools = env::var_os("WORKROOM_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools"),
        PathBuf::from,
    );
    let model = tools.join("minilm");
    assert!(model.join("model.onnx").is_file(), "run `cargo xtask model` first");
    model
}

fn open(cache: Option<&Path>) -> Embeddings {
    Embeddings::open(&model(), cache).unwrap().0
}

fn texts(texts: &[&str]) -> Arc<[String]> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn questions_find_what_they_mean_in_other_words() {
    let tools = texts(&[
        "forecast get daily: Weather by the hour for a place.",
        "crm search contacts: Finds people and companies.",
        "git create branch: Creates a branch from a commit.",
        "payments create refund: Returns money to a customer's card.",
    ]);
    let embeddings = open(None);
    assert!(embeddings.learn_now(&tools));
    for (question, first) in [
        ("how hot will it be in Lisbon tomorrow", 0),
        ("phone number of our client at Siemens", 1),
        ("start a new line of development in the repository", 2),
        ("pay back what she was charged", 3),
        (&tools[3], 3),
    ] {
        let cosines = embeddings.cosines(question, &tools).unwrap();
        let best = (0..tools.len()).max_by(|a, b| cosines[*a].total_cmp(&cosines[*b]));
        assert_eq!(best, Some(first), "{question}: {cosines:?}");
        assert!(cosines.iter().all(|cosine| cosine.abs() <= 1.001), "{cosines:?}");
    }
    let same = embeddings.cosines(&tools[0], &tools).unwrap()[0];
    assert!((same - 1.0).abs() < 1e-4, "a text is itself: {same}");
}

#[test]
fn a_text_is_read_up_to_the_limit() {
    // The model begins and ends each text with a token of its own.
    let words = |count: usize| "tea ".repeat(count);
    let (last, past) = (words(TOKENS_MAX - 2), words(TOKENS_MAX - 2) + "revolution");
    let tools = texts(&[&last, &past, &words(TOKENS_MAX - 3), "", &"ab".repeat(1 << 20)]);
    let embeddings = open(None);
    assert!(embeddings.learn_now(&tools));
    let cosines = embeddings.cosines(&last, &tools).unwrap();
    assert!((cosines[1] - cosines[0]).abs() < 1e-6, "what is past the limit is not read");
    assert!(cosines[2] < 0.99999, "what is within it is: {cosines:?}");
}

#[test]
fn what_the_folder_says_of_prompts_and_pooling_is_followed() {
    let good = model();
    let tools = texts(&["forecast", "ticket"]);
    let cosines = |question: &str, more: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["model.onnx", "tokenizer.json"] {
            fs::copy(good.join(name), folder.path().join(name)).unwrap();
        }
        for (name, text) in more {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (embeddings, about) = Embeddings::open(folder.path(), None).unwrap();
        assert!(embeddings.learn_now(&tools));
        (embeddings.cosines(question, &tools).unwrap(), about.id)
    };
    let (plain, id) = cosines("query: rain", &[]);
    let prompts = ("config_sentence_transformers.json", r#"{"prompts": {"query": "query: "}}"#);
    let (prompted, other) = cosines("rain", &[prompts]);
    assert_eq!(prompted, plain);
    assert_ne!(other, id, "what such a model learnt is no use to another");
    let first = ("1_Pooling/config.json", r#"{"pooling_mode_cls_token": true}"#);
    assert_ne!(cosines("query: rain", &[first]).0, plain);
}

#[test]
fn what_was_learnt_is_kept() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().join("made when it is needed");
    let tools = texts(&["one tool", "another"]);
    let first = open(Some(&cache));
    assert_eq!(first.pending(&tools), 2);
    assert!(first.learn_now(&tools));
    let expected = first.cosines("one", &tools).unwrap();
    drop(first);
    let second = open(Some(&cache));
    assert_eq!(second.pending(&tools), 0);
    assert_eq!(second.cosines("one", &tools).unwrap(), expected);
    drop(second);

    let file = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(8).any(|part| part == b"one tool"), "no text is in the file");
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let third = open(Some(&cache));
    assert_eq!(third.pending(&tools), 2, "a file that is cut short is learnt again");
    assert!(third.learn_now(&tools));
    drop(third);
    assert_eq!(fs::read(&file).unwrap().len(), bytes.len());
}

#[test]
fn more_texts_than_the_limit_are_not_learnt() {
    let embeddings = open(None);
    let many: Arc<[String]> = (0..=VECTORS_MAX).map(|n| format!("tool {n}")).collect();
    assert!(!embeddings.learn_now(&many));
    assert_eq!(embeddings.cosines("tool", &many), None);
    assert_eq!(embeddings.pending(&many), 0, "and nobody waits for them");
}

#[test]
fn folders_that_cannot_be_used_say_why() {
    let good = model();
    for (make, expected) in [
        ((|_, _| {}) as fn(&Path, &Path), "there is no model in `FOLDER`: none of model.onnx"),
        (
            |folder, _| fs::write(folder.join("model.onnx"), "").unwrap(),
            "cannot read `FOLDER/tokenizer.json`: No such file",
        ),
        (
            |folder, good| {
                fs::create_dir(folder.join("onnx")).unwrap();
                fs::write(folder.join("onnx/model.onnx"), "nothing of a model").unwrap();
                fs::copy(good.join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
            },
            "`FOLDER/onnx/model.onnx` cannot be used: ",
        ),
        (
            |folder, good| {
                fs::copy(good.join("model.onnx"), folder.join("model.onnx")).unwrap();
                fs::write(folder.join("tokenizer.json"), "{").unwrap();
            },
            "`FOLDER/tokenizer.json` cannot be used: ",
        ),
        (
            |folder, good| {
                fs::copy(good.join("model.onnx"), folder.join("model.onnx")).unwrap();
                fs::copy(good.join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
                fs::create_dir(folder.join("1_Pooling")).unwrap();
                fs::write(folder.join("1_Pooling/config.json"), "mean").unwrap();
            },
            "`FOLDER/1_Pooling/config.json` cannot be used: ",
        ),
        (
            |folder, _| {
                let file = fs::File::create(folder.join("model.onnx")).unwrap();
                file.set_len(MODEL_BYTES_MAX + 1).unwrap();
            },
            "`FOLDER/model.onnx` has 1073741825 bytes, of 1073741824; use a smaller model",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), &good);
        let error = Embeddings::open(folder.path(), None).unwrap_err().to_string();
        let error = error.replace(&*folder.path().to_string_lossy(), "FOLDER");
        assert!(error.starts_with(expected), "{error}");

        // What nobody waits for is searched by words alone.
        let started = Embeddings::start(folder.path(), None);
        let tools = texts(&["a tool"]);
        assert!(!started.learn_now(&tools));
        assert_eq!(started.cosines("a tool", &tools), None);
    }
}
