//! The files of 772 tools of 22 real servers are TypeScript: oxc parses each, and `tsc` in strict
//! mode finds nothing to say.

mod common;

use std::{fs, process::Command};

use workroom_catalog::{Catalog, TYPE_BYTES_MAX};

#[test]
fn every_real_tool_has_its_file_and_oxc_parses_it() {
    let catalog = Catalog::build(&common::real_servers(), None);
    assert_eq!(catalog.servers().len(), 22);
    assert_eq!(catalog.tool_count(), 772);
    let files = common::files(&catalog);
    assert_eq!(files.len(), 772 + 22);
    for (path, text) in &files {
        common::parse(path, text);
        assert!(!text.contains("too large to show"), "{path} has lost its types");
        assert!(text.len() < 3 * TYPE_BYTES_MAX || path.ends_with("index.ts"), "{path} is long");
    }
}

#[test]
fn tsc_accepts_every_file_of_every_real_tool_in_strict_mode() {
    let catalog = Catalog::build(&common::real_servers(), None);
    let folder = common::root().join("target/tests/workroom-catalog-real");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for (path, text) in common::files(&catalog) {
        let file = folder.join(path.trim_start_matches("./"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    // As an agent imports them.
    let imports = catalog.servers().iter().map(|server| {
        format!("import * as {} from './servers/{}';\n", server.identifier, server.folder)
    });
    let all: Vec<&str> = catalog.servers().iter().map(|it| it.identifier.as_str()).collect();
    let script = imports.collect::<String>() + &format!("export default [{}];\n", all.join(", "));
    fs::write(folder.join("script.ts"), script).unwrap();
    let config = r#"{"compilerOptions": {"strict": true, "noEmit": true, "types": []}}"#;
    fs::write(folder.join("tsconfig.json"), config).unwrap();

    let tsc = common::tsc();
    let output = Command::new(&tsc)
        .args(["--noEmit", "--strict", "--pretty", "false", "--project", "."])
        .current_dir(&folder)
        .output()
        .unwrap_or_else(|error| panic!("`{}` does not start: {error}", tsc.display()));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "tsc found faults:\n{}", String::from_utf8_lossy(&said));
}
