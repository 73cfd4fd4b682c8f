//! Every process below this one, found in `/proc`.

use std::{collections::HashMap, fs, io, process};

use rustix::process::{Pid, Signal, kill_process};

/// Kills every descendant that exists now. One that forks meanwhile leaves an orphan, which is
/// this process' child by then and is found by the next call.
pub(super) fn kill() {
    let Ok(parents) = parents() else { return };
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, parent) in parents {
        children.entry(parent).or_default().push(pid);
    }
    let Ok(own) = i32::try_from(process::id()) else { return };
    let mut open = children.remove(&own).unwrap_or_default();
    while let Some(pid) = open.pop() {
        open.extend(children.remove(&pid).unwrap_or_default());
        if let Some(pid) = Pid::from_raw(pid) {
            // It fails when the process is gone, which is what is wanted.
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

/// Every process and its parent.
fn parents() -> io::Result<Vec<(i32, i32)>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that ended since has no file any more.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        parents.extend(parent(&stat).map(|parent| (pid, parent)));
    }
    Ok(parents)
}

/// The parent in a `/proc/<pid>/stat` line: `pid (name) state parent …`. The name may hold
/// anything, brackets and spaces too.
fn parent(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent("12 (node) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12 (a) S 1 (b)) R 9 12"), Some(9));
        assert_eq!(parent("12 (cut"), None);
    }
}
