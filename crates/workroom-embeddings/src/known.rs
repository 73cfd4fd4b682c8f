//! The vectors of the texts that were learnt, in memory and in a file.
//!
//! # Invariants
//!
//! * A file is of one model: its name says which. Its records are a hash of a text and the text's
//!   vector, nothing else, so that no text is written down.
//! * A file that is cut short, or that cannot be written, costs only the time to learn again.

use std::{
    collections::HashMap,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use crate::model::About;

/// The most texts whose vectors are kept: what 20 catalogs of 1,000 tools need. Beyond that, the
/// file begins anew.
pub const VECTORS_MAX: usize = 20_000;

/// Tells texts apart.
type Key = [u8; 16];

/// Bytes of a number in the file.
const NUMBER: usize = size_of::<f32>();

/// What was learnt: until a model is open, nothing.
#[derive(Debug, Default)]
pub(crate) struct Known {
    vectors: HashMap<Key, Box<[f32]>>,
    /// How many numbers a vector has.
    width: usize,
    file: Option<PathBuf>,
    /// Nothing more will be learnt.
    is_lost: bool,
}

/// The vectors of a list of texts, in its order.
#[derive(Debug)]
pub(crate) struct Table {
    texts: Arc<[String]>,
    numbers: Vec<f32>,
}

impl Known {
    /// What the model `about` left in `folder`.
    pub(crate) fn open(folder: Option<&Path>, about: &About) -> Self {
        let width = about.width;
        let file = folder.map(|folder| folder.join(format!("embeddings-{}.bin", about.id)));
        let mut known = Self { width, file, ..Self::default() };
        match known.read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "what was learnt of tools is not read"),
            Ok(()) => {}
        }
        known
    }

    fn read(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let record = size_of::<Key>() + self.width * NUMBER;
        let bytes = fs::metadata(file)?.len();
        let record_bytes = u64::try_from(record).unwrap_or(u64::MAX);
        let most = record_bytes.saturating_mul(u64::try_from(VECTORS_MAX).unwrap_or(u64::MAX));
        if !bytes.is_multiple_of(record_bytes) || bytes > most {
            self.begin_anew();
            return Ok(());
        }
        let bytes = fs::read(file)?;
        for record in bytes.chunks_exact(record) {
            let (key, numbers) = record.split_at(size_of::<Key>());
            let numbers = numbers.chunks_exact(NUMBER);
            let numbers: Box<[f32]> =
                numbers.filter_map(|it| Some(f32::from_le_bytes(it.try_into().ok()?))).collect();
            if let Ok(key) = key.try_into()
                && numbers.iter().all(|number| number.is_finite())
            {
                self.vectors.insert(key, numbers);
            }
        }
        Ok(())
    }

    /// Removes the file: what is known is written when more is.
    fn begin_anew(&self) {
        if let Some(file) = &self.file {
            // If it stays, the next process finds it as it is.
            let _ = fs::remove_file(file);
        }
    }

    /// Those of `texts` that may still be learnt.
    pub(crate) fn lacks<'a>(
        &self,
        texts: &'a [String],
    ) -> impl DoubleEndedIterator<Item = &'a String> {
        let texts = if self.is_lost { &[] } else { texts };
        texts.iter().filter(|text| !self.vectors.contains_key(&key(text)))
    }

    /// Says that no model will learn anything.
    pub(crate) fn give_up(&mut self) {
        self.is_lost = true;
    }

    pub(crate) fn add(&mut self, text: &str, vector: Vec<f32>) {
        if self.vectors.len() >= VECTORS_MAX {
            self.vectors.clear();
            self.begin_anew();
        }
        self.vectors.insert(key(text), vector.into_boxed_slice());
    }

    /// Writes down what was learnt of `texts`.
    pub(crate) fn write(&self, texts: &[String]) {
        let Some(file) = self.file.as_ref().filter(|_| !texts.is_empty()) else { return };
        let mut bytes = Vec::new();
        for text in texts {
            let key = key(text);
            let Some(vector) = self.vectors.get(&key) else { continue };
            bytes.extend_from_slice(&key);
            vector.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        }
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut options = fs::OpenOptions::new();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            // One write: another process may append to the same file.
            options.create(true).append(true).open(file)?.write_all(&bytes)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "what was learnt of tools is not kept");
        }
    }

    /// The vectors of `texts`, if all are known.
    pub(crate) fn table(&self, texts: &Arc<[String]>) -> Option<Table> {
        let mut numbers = Vec::with_capacity(texts.len() * self.width);
        for text in &**texts {
            numbers.extend_from_slice(self.vectors.get(&key(text))?);
        }
        Some(Table { texts: Arc::clone(texts), numbers })
    }
}

impl Table {
    /// Whether it is of `texts`: the same list, not only an equal one.
    pub(crate) fn is_of(&self, texts: &Arc<[String]>) -> bool {
        Arc::ptr_eq(&self.texts, texts)
    }

    /// The products of each vector and `of`: all have length 1, so these are cosines.
    pub(crate) fn cosines(&self, of: &[f32]) -> Vec<f32> {
        let product = |vector: &[f32]| vector.iter().zip(of).map(|(a, b)| a * b).sum();
        self.numbers.chunks_exact(of.len().max(1)).map(product).collect()
    }
}

fn key(text: &str) -> Key {
    let hash = Sha256::digest(text);
    let mut key = Key::default();
    key.copy_from_slice(&hash[..size_of::<Key>()]);
    key
}
