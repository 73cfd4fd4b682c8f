//! Privacy from the configuration: what is masked, where it may go, and the master key.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
};

use workroom_config::{Config, PrivacySettings};
use workroom_engine::{MasterKeys, PrivacyConfig};
use workroom_pii::{Detector, Kind, Profile, Settings, WordList};
use workroom_privacy::{Kinds, Policy, compute::Question, seal::MasterKey};

use crate::store::Keep;

/// The setting that names a program which prints the master key.
pub(crate) const COMMAND: &str = "privacy.key_command";

/// Holds a master key, as 64 hexadecimal digits.
pub(crate) const KEY_VARIABLE: &str = "WORKROOM_VAULT_KEY";

/// Holds the master key that was there before, while it is replaced.
pub(crate) const OLD_KEY_VARIABLE: &str = "WORKROOM_VAULT_KEY_OLD";

/// Names the file that holds the master key, where the other is not set.
const KEY_FILE_VARIABLE: &str = "WORKROOM_VAULT_KEY_FILE";

/// What the engine is to mask. A configuration that was read has no mistakes left.
pub(crate) fn config(config: &Config, keep: Keep) -> PrivacyConfig {
    let privacy = &config.privacy;
    let profile = profile(privacy, &privacy.profile);
    let kinds = Kind::ALL.into_iter().filter(|kind| profile.has(*kind)).collect();
    let keys: Arc<dyn MasterKeys> = match keep {
        Keep::Stored => Arc::new(keys(privacy)),
        Keep::Nothing => Arc::new(Fleeting::default()),
    };
    // What scripts give is not masked for being text: they would give nothing.
    let last = profile.clone().by_kind();
    let detect = Arc::new(detector(config, &profile, true));
    let has_rules = !privacy.mask.is_empty()
        || !privacy.words.is_empty()
        || config.servers.iter().any(|server| !server.mask.is_empty());
    PrivacyConfig {
        last: Arc::new(detector(config, &last, false)),
        detect,
        clears: clears(config),
        kinds,
        is_on: profile != Profile::off() || has_rules,
        policy: policy(privacy),
        keys,
    }
}

/// The servers that have a rule which clears values.
fn clears(config: &Config) -> Vec<String> {
    let all = (!config.privacy.clear.is_empty()).then(|| "*".to_owned());
    let servers = config.servers.iter().filter(|server| !server.clear.is_empty());
    all.into_iter().chain(servers.map(|server| server.name.clone())).collect()
}

/// The profile called `name`, with what the settings change of it.
pub(crate) fn profile(privacy: &PrivacySettings, name: &str) -> Profile {
    const SURE: u8 = 60;
    let own = privacy.profiles.get(name);
    let base = own.map_or(name, |own| own.base);
    let mut profile = Profile::named(base).unwrap_or_else(Profile::strict);
    for (kind, least) in own.into_iter().flat_map(|own| &own.kinds) {
        match (Kind::named(kind), least) {
            (Some(kind), Some(least)) => profile.add(kind, *least),
            (Some(kind), None) => profile.remove(kind),
            (None, _) => {}
        }
    }
    let kinds = |names: &[String]| -> Vec<Kind> {
        if names.iter().any(|name| name == "*") {
            return Kind::ALL.into_iter().filter(|kind| *kind != Kind::Text).collect();
        }
        names.iter().filter_map(|name| Kind::named(name)).collect()
    };
    for kind in kinds(&privacy.mask_kinds) {
        profile.add(kind, SURE);
    }
    for kind in kinds(&privacy.clear_kinds) {
        profile.remove(kind);
    }
    profile
}

/// What finds what `profile` has, in results of the configured servers if `with_rules`.
pub(crate) fn detector(config: &Config, profile: &Profile, with_rules: bool) -> Detector {
    let privacy = &config.privacy;
    let mut settings = Settings::of(profile.clone());
    for (name, words) in &privacy.words {
        if let Some(kind) = Kind::named(name) {
            settings.lists.push(WordList { kind, words: words.clone() });
        }
    }
    let texts = |paths: &[String]| paths.to_vec();
    let mut add = |server: Option<&str>, mask: &[String], clear: &[String]| {
        let (mask, clear) = (texts(mask), texts(clear));
        let mask: Vec<&str> = mask.iter().map(String::as_str).collect();
        let clear: Vec<&str> = clear.iter().map(String::as_str).collect();
        if !mask.is_empty() || !clear.is_empty() {
            // Each path was read before, as it is here.
            let _ = settings.add_rules(server, &mask, &clear);
        }
    };
    if with_rules {
        add(None, &privacy.mask, &privacy.clear);
        for server in &config.servers {
            add(Some(&server.name), &server.mask, &server.clear);
        }
    }
    Detector::new(settings).unwrap_or_else(|error| {
        tracing::error!(%error, "`[privacy.words]` cannot be used; every text is masked");
        Detector::new(Settings::of(Profile::strict())).expect("a profile alone makes a detector")
    })
}

fn policy(privacy: &PrivacySettings) -> Policy {
    let kinds =
        |names: &Vec<String>| Kinds::read(names.iter().map(String::as_str)).unwrap_or(Kinds::NONE);
    let reveal = privacy.reveal.iter().map(|(key, names)| (key.clone(), kinds(names)));
    let compute: BTreeMap<Question, Kinds> = privacy
        .compute
        .iter()
        .filter_map(|(key, names)| Some((Question::named(key)?, kinds(names))))
        .collect();
    Policy { reveal: reveal.collect(), compute }
}

/// The master keys of this user.
pub(crate) fn keys(privacy: &PrivacySettings) -> KeyFile {
    let file = env::var_os(KEY_FILE_VARIABLE).map(PathBuf::from);
    let file = file.or_else(|| privacy.key_file.clone()).or_else(|| {
        // Not beside what is locked with it.
        directories::BaseDirs::new().map(|dirs| dirs.config_dir().join("workroom/vault.key"))
    });
    let command = (!privacy.key_command.is_empty()).then(|| privacy.key_command.clone());
    KeyFile { file, command, printed: Arc::default() }
}

/// A key that is gone with the process, as all that it wraps.
#[derive(Debug)]
struct Fleeting(MasterKey);

impl Default for Fleeting {
    fn default() -> Self {
        Self(MasterKey::new(random()))
    }
}

impl MasterKeys for Fleeting {
    fn keys(&self) -> Result<Vec<MasterKey>, String> {
        Ok(vec![self.0.clone()])
    }
}

/// Keys from the environment, from a program, or from a file that is made at its first use: a key
/// a line, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile {
    file: Option<PathBuf>,
    command: Option<Vec<String>>,
    /// What the program printed: a keyring may ask its user each time.
    printed: Arc<OnceLock<Vec<MasterKey>>>,
}

impl KeyFile {
    /// The keys that the user gives, the newer first; `None` where they are in our own file.
    pub(crate) fn given(&self) -> Option<Result<Vec<MasterKey>, String>> {
        Self::from_environment().or_else(|| self.command.as_deref().map(|it| self.ask(it)))
    }

    /// The keys that `command` prints.
    fn ask(&self, command: &[String]) -> Result<Vec<MasterKey>, String> {
        if let Some(keys) = self.printed.get() {
            return Ok(keys.clone());
        }
        let [program, args @ ..] = command else { return Err(format!("`{COMMAND}` is empty")) };
        let failed = |why: String| format!("`{program}` of `{COMMAND}` {why}");
        let run = Command::new(program).args(args).stdin(Stdio::null()).output();
        let output = run.map_err(|error| failed(format!("cannot be run: {error}")))?;
        if !output.status.success() {
            return Err(failed(format!("gave no key ({})", output.status)));
        }
        let text =
            String::from_utf8(output.stdout).map_err(|_| failed("printed no text".into()))?;
        let keys = Self::parse(&zeroize_string(text)).map_err(|error| failed(error.to_string()))?;
        if keys.is_empty() {
            return Err(failed("printed nothing".to_owned()));
        }
        Ok(self.printed.get_or_init(|| keys).clone())
    }

    /// A key a line.
    fn parse(text: &str) -> Result<Vec<MasterKey>, impl std::fmt::Display + use<>> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(MasterKey::parse).collect()
    }

    /// The keys in the environment, the newer first; `None` where there are none.
    fn from_environment() -> Option<Result<Vec<MasterKey>, String>> {
        let text = env::var(KEY_VARIABLE).ok()?;
        let old = env::var(OLD_KEY_VARIABLE).ok();
        let named = std::iter::once((KEY_VARIABLE, text));
        let all = named.chain(old.map(|text| (OLD_KEY_VARIABLE, text)));
        let key = |(name, text): (&str, String)| {
            MasterKey::parse(&text).map_err(|error| format!("`{name}` is wrong: {error}"))
        };
        Some(all.map(key).collect())
    }

    /// Where the keys are.
    pub(crate) fn path(&self) -> Result<&Path, String> {
        self.file.as_deref().ok_or_else(|| {
            format!("there is no folder for it; set `{KEY_VARIABLE}` or `{KEY_FILE_VARIABLE}`")
        })
    }

    /// Puts these keys into the file, in one step.
    pub(crate) fn write(&self, keys: &[MasterKey]) -> Result<(), String> {
        let path = self.path()?;
        let in_file = |error: io::Error| format!("`{}`: {error}", path.display());
        let new = path.with_extension("new");
        let lines: Vec<String> = keys.iter().map(|key| key.text().to_string()).collect();
        let text = zeroize_string(lines.join("\n") + "\n");
        // Left behind by a process that ended here.
        let _ = fs::remove_file(&new);
        write_private(&new, &text).map_err(in_file)?;
        fs::rename(&new, path).map_err(in_file)
    }

    fn read(path: &Path) -> io::Result<Result<Vec<MasterKey>, String>> {
        let text = zeroize_string(fs::read_to_string(path)?);
        Ok(Self::parse(&text).map_err(|error| format!("`{}` is wrong: {error}", path.display())))
    }

    fn make(path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let key = MasterKey::new(random());
        match write_private(path, &format!("{}\n", *key.text())) {
            // Another process was faster; its key is read below.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }
}

impl MasterKeys for KeyFile {
    fn keys(&self) -> Result<Vec<MasterKey>, String> {
        if let Some(keys) = self.given() {
            return keys;
        }
        let path = self.path()?;
        let in_file = |error: io::Error| format!("`{}`: {error}", path.display());
        if !path.exists() {
            Self::make(path).map_err(in_file)?;
        }
        check_mode(path)?;
        // One that was just made may not be written yet.
        match Self::read(path).map_err(in_file)?? {
            keys if keys.is_empty() => Err(format!("`{}` has no key", path.display())),
            keys => Ok(keys),
        }
    }
}

/// A random key.
pub(crate) fn random() -> [u8; 32] {
    let mut key = [0; 32];
    getrandom::fill(&mut key).expect("the operating system gives random bytes");
    key
}

fn zeroize_string(text: String) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(text)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a file that only the user reads, with all of its text or not at all.
#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    // Two processes may make it at once: each writes one of its own, and the first link wins.
    let own = path.with_extension(format!("{:016x}", u64::from_le_bytes(first_eight(&random()))));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&own)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&own, path));
    fs::remove_file(&own)?;
    linked
}

#[cfg(unix)]
fn first_eight(bytes: &[u8; 32]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    first
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = fs::metadata(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mode = found.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(format!("others may read `{}` (its mode is {mode:o}); `chmod 600` it", path.display()))
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), String> {
    Ok(())
}
