//! A sentence embedding model: texts as vectors of length 1.
//!
//! The folder is one of the `sentence-transformers` kind with an ONNX export, as model hubs have
//! them: `model.onnx` (there or under `onnx/`), `tokenizer.json`, and, where they are,
//! `1_Pooling/config.json` and `config_sentence_transformers.json`. What these say of pooling and
//! prompts is followed.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rten::{NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::{NdTensor, prelude::*};
use rten_text::{Tokenizer, tokenizer::EncodeOptions};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

/// The most tokens of a text that are read.
pub const TOKENS_MAX: usize = 256;

/// The largest model that is opened, in bytes: small models are what a search can wait for.
pub const MODEL_BYTES_MAX: u64 = 1 << 30;

/// The most numbers of a vector.
const WIDTH_MAX: usize = 4096;

/// Where a model may be in its folder; the first that is there.
const MODELS: [&str; 4] =
    ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx"];

/// What a model's inputs are called: the tokens, where they stand, which sentence they are of.
const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

/// What the output with a vector for each token is called, or one for all.
const OUTPUTS: [&str; 3] = ["last_hidden_state", "token_embeddings", "sentence_embedding"];

/// Why a folder's model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no model.
    #[error("there is no model in `{}`: none of {}", folder.display(), MODELS.join(", "))]
    None {
        /// Where.
        folder: PathBuf,
    },
    /// A file is larger than [`MODEL_BYTES_MAX`].
    #[error("`{}` has {bytes} bytes, of {MODEL_BYTES_MAX}; use a smaller model", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How large.
        bytes: u64,
    },
    /// A file is not what it should be.
    #[error("`{}` cannot be used: {why}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A text was not made a vector.
    #[error("the model fails on a text: {0}")]
    Run(String),
}

/// What a text is: some models are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is searched for.
    Query,
    /// It is found.
    Document,
}

/// A model, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Tells it from other models, by a hash of its files.
    pub id: String,
    /// Its file.
    pub file: PathBuf,
    /// How many numbers its vectors have.
    pub width: usize,
}

/// A model that is open.
pub(crate) struct Model {
    about: About,
    network: rten::Model,
    tokenizer: Tokenizer,
    inputs: Vec<(usize, NodeId)>,
    output: NodeId,
    pooling: Pooling,
    prompts: Prompts,
    /// One thread: the gateway has other things to do.
    threads: Arc<ThreadPool>,
}

/// How the vectors of a text's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pooling {
    Mean,
    First,
}

#[derive(Default, Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

#[derive(Default, Deserialize)]
struct PromptsFile {
    #[serde(default)]
    prompts: Prompts,
}

/// What is put before texts.
#[derive(Debug, Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    query: String,
    #[serde(default, alias = "passage")]
    document: String,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Model {
    /// Opens the model in `folder`, and tries it.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when there is none, or none that makes vectors of texts.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModelError> {
        let file = MODELS.map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
        let file = file.ok_or_else(|| ModelError::None { folder: folder.to_owned() })?;
        let bytes = read(&file)?;
        let words = folder.join("tokenizer.json");
        let tokenizer = read(&words)?;
        let pooling = read_if_there(&folder.join("1_Pooling/config.json"))?;
        let prompts = read_if_there(&folder.join("config_sentence_transformers.json"))?;
        let id = id([&bytes, &tokenizer, &pooling.1, &prompts.1]);
        let unfit = |path: &Path, why: String| ModelError::Unfit { path: path.to_owned(), why };
        let tokenizer = String::from_utf8_lossy(&tokenizer);
        let tokenizer = Tokenizer::from_json(&tokenizer);
        let tokenizer = tokenizer.map_err(|error| unfit(&words, error.to_string()))?;
        let network = rten::Model::load(bytes).map_err(|error| unfit(&file, error.to_string()))?;
        let inputs = inputs(&network).map_err(|why| unfit(&file, why))?;
        let output = OUTPUTS.iter().find_map(|name| network.find_node(name));
        let output = output.or_else(|| network.output_ids().first().copied());
        let output = output.ok_or_else(|| unfit(&file, "it has no output".to_owned()))?;
        let pooling: PoolingFile = parsed(&pooling)?;
        let prompts: PromptsFile = parsed(&prompts)?;
        let pooling = if pooling.pooling_mode_cls_token { Pooling::First } else { Pooling::Mean };
        let mut model = Self {
            about: About { id, file, width: 0 },
            network,
            tokenizer,
            inputs,
            output,
            pooling,
            prompts: prompts.prompts,
            threads: Arc::new(ThreadPool::with_num_threads(1)),
        };
        let tried = model.embed("a text", Role::Document);
        let tried = tried.map_err(|error| unfit(&model.about.file, error.to_string()))?;
        if !(1..=WIDTH_MAX).contains(&tried.len()) {
            let why = format!("its vectors have {} numbers, more than {WIDTH_MAX}", tried.len());
            return Err(unfit(&model.about.file, why));
        }
        model.about.width = tried.len();
        Ok(model)
    }

    /// What it is.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// The vector of `text`, of which [`TOKENS_MAX`] tokens are read. Its length is 1; that of a
    /// text without words may be 0.
    ///
    /// # Errors
    ///
    /// [`ModelError::Run`] when the model fails.
    pub(crate) fn embed(&self, text: &str, role: Role) -> Result<Vec<f32>, ModelError> {
        let failed = |error: &dyn fmt::Display| ModelError::Run(error.to_string());
        let prompt = match role {
            Role::Query => &self.prompts.query,
            Role::Document => &self.prompts.document,
        };
        // A token has some bytes: what is far beyond the limit need not be cut into tokens.
        let end = text.floor_char_boundary(TOKENS_MAX * 16);
        let text = format!("{prompt}{}", &text[..end]);
        let options = EncodeOptions { max_chunk_len: Some(TOKENS_MAX), ..Default::default() };
        let chunks = self.tokenizer.encode_chunks(text.as_str().into(), options);
        let chunks = chunks.map_err(|error| failed(&error))?;
        let Some(first) = chunks.first() else { return Ok(vec![0.0; self.about.width]) };
        let ids = first.token_ids().iter().map(|id| i32::try_from(*id).unwrap_or_default());
        let ids: Vec<i32> = ids.collect();
        let shape = [1, ids.len()];
        let values = [
            NdTensor::from_data(shape, ids),
            NdTensor::<i32, 2>::full(shape, 1),
            NdTensor::<i32, 2>::zeros(shape),
        ];
        let inputs =
            self.inputs.iter().map(|(at, node)| (*node, ValueOrView::from(values[*at].view())));
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let [output] = self
            .network
            .run_n(inputs.collect(), [self.output], Some(options))
            .map_err(|error| failed(&error))?;
        let output: rten_tensor::Tensor<f32> = output.try_into().map_err(|error| failed(&error))?;
        self.pooled(&output)
    }

    fn pooled(&self, output: &rten_tensor::Tensor<f32>) -> Result<Vec<f32>, ModelError> {
        let shape = output.shape().to_vec();
        let numbers = output.to_vec();
        let width = shape.last().copied().filter(|width| *width > 0);
        let (Some(width), true) = (width, matches!(shape.len(), 2 | 3)) else {
            return Err(ModelError::Run(format!("its output has the shape {shape:?}")));
        };
        let mut tokens = numbers.chunks_exact(width);
        let mut pooled = tokens.next().map(<[f32]>::to_vec).unwrap_or_default();
        if self.pooling == Pooling::Mean {
            // The sum has the mean's direction.
            for token in tokens {
                pooled.iter_mut().zip(token).for_each(|(sum, number)| *sum += number);
            }
        }
        let length = pooled.iter().map(|number| number * number).sum::<f32>().sqrt();
        if !length.is_finite() {
            return Err(ModelError::Run("its vector is no number".to_owned()));
        }
        for number in &mut pooled {
            *number /= length.max(f32::MIN_POSITIVE);
        }
        Ok(pooled)
    }
}

/// Which of [`INPUTS`] the model has, as their places and nodes. One that is not known cannot be
/// filled.
fn inputs(network: &rten::Model) -> Result<Vec<(usize, NodeId)>, String> {
    let of = |node: &NodeId| {
        let info = network.node_info(*node);
        let name = info.as_ref().and_then(rten::NodeInfo::name).unwrap_or_default();
        let at = INPUTS.iter().position(|known| *known == name);
        at.map(|at| (at, *node)).ok_or_else(|| format!("its input `{name}` is none of {INPUTS:?}"))
    };
    network.input_ids().iter().map(of).collect()
}

fn id(files: [&[u8]; 4]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.len().to_le_bytes());
        hash.update(file);
    }
    let hash = hash.finalize();
    hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let failed = |error| ModelError::File { path: path.to_owned(), error };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > MODEL_BYTES_MAX {
        return Err(ModelError::TooLarge { path: path.to_owned(), bytes });
    }
    fs::read(path).map_err(failed)
}

/// The path and the text of a file that need not be there.
fn read_if_there(path: &Path) -> Result<(PathBuf, Vec<u8>), ModelError> {
    let text = if path.exists() { read(path)? } else { Vec::new() };
    Ok((path.to_owned(), text))
}

/// What such a file says.
fn parsed<T: Default + DeserializeOwned>(
    (path, text): &(PathBuf, Vec<u8>),
) -> Result<T, ModelError> {
    if text.is_empty() {
        return Ok(T::default());
    }
    let unfit =
        |error: serde_json::Error| ModelError::Unfit { path: path.clone(), why: error.to_string() };
    serde_json::from_slice(text).map_err(unfit)
}
