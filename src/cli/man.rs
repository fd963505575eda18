//! `ridd man`: the manual pages, made from the command tree so that they cannot differ from it.

use std::fs;
use std::path::PathBuf;

use clap_mangen::Man;

use super::{Ended, Exit, Failure, Globals, print, tree};

/// Arguments of `ridd man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write one page per command into this directory, instead of the main page to standard output
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the main page, or writes all of them.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let pages = pages()?;
    let Some(dir) = &args.dir else {
        let main = pages.into_iter().next().map(|(_, text)| text).unwrap_or_default();
        print(String::from_utf8(main).map_err(Failure::failed)?)?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(dir).map_err(|error| Failure::input(format_args!("cannot make {}: {error}", dir.display())))?;
    let mut names = Vec::new();
    for (name, text) in pages {
        let path = dir.join(name);
        fs::write(&path, text)
            .map_err(|error| Failure::input(format_args!("cannot write {}: {error}", path.display())))?;
        names.push(path.display().to_string());
    }
    let said = if globals.json { serde_json::json!(names).to_string() } else { names.join("\n") };
    print(said)?;
    Ok(Exit::Done)
}

/// The pages by file name, the main one first.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut pages = Vec::new();
    // Built, so that every command knows its full name and the global options.
    let mut tree = tree();
    tree.build();
    let mut waiting = vec![tree];
    while let Some(command) = waiting.pop() {
        let inner = command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set());
        waiting.extend(inner.cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut text = Vec::new();
        Man::new(command).title(name.to_uppercase()).render(&mut text).map_err(Failure::failed)?;
        pages.push((format!("{name}.1"), text));
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let pages = pages().unwrap();
        assert_eq!(pages[0].0, "ridd.1");
        assert!(pages.iter().any(|(name, _)| name == "ridd-completions.1"), "{:?}", pages.len());
        assert!(pages.iter().all(|(_, text)| !text.is_empty()));
    }
}
