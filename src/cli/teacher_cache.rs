//! `--teacher-cache`: a teacher's likeliest tokens in a file, made where it is not there, gone on with where it is not whole.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use pollster::block_on;

use super::clock::Clock;
use super::error::Error;
use super::interrupt;
use crate::data::text::TopK;
use crate::train::{CACHE_BLOCK as BLOCK, Run};

/// Gives a run the words of its teacher from a file, which is completed first.
///
/// # Errors
/// A file of another teacher, data or k, which is then left as it is; and Ctrl-C, after which the same command goes on.
pub fn equip(run: &mut Run, path: &Path) -> Result<(), Error> {
    let header = run.cache_header()?;
    let blame = |error| Error::input(format!("--teacher-cache {}: {error}", path.display()));
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => header.bytes(),
        Err(error) => return Err(Error::read(path)(error)),
    };
    let (cache, whole) = TopK::read(&bytes, &header).map_err(blame)?;
    if cache.complete() {
        run.use_cache(cache);
        return Ok(());
    }
    let wrong = Error::write;
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(wrong(path))?;
    // What a kill has torn goes; a new file gets its header.
    file.write_all(&bytes[..whole]).and_then(|()| file.set_len(whole as u64)).map_err(wrong(path))?;
    file.seek(SeekFrom::End(0)).map_err(wrong(path))?;
    let (mut done, all) = (cache.examples(), header.examples);
    let mut bytes = bytes[..whole].to_vec();
    let mut clock = Clock::start();
    eprintln!("the teacher is asked about {} examples, into {}", all - done, path.display());
    while done < all {
        let block = block_on(run.cache_block(&header, done))?;
        file.write_all(&block).map_err(wrong(path))?;
        bytes.extend(block);
        done = all.min(done + BLOCK);
        if clock.due() {
            eprintln!("the teacher was asked about {done} of {all} examples");
        }
        if interrupt::asked() && done < all {
            file.sync_all().map_err(wrong(path))?;
            let message = format!("stopped: {} holds {done} of {all} examples; the same command goes on", path.display());
            return Err(Error::Interrupted(message));
        }
    }
    file.sync_all().map_err(wrong(path))?;
    let (cache, _) = TopK::read(&bytes, &header).map_err(blame)?;
    eprintln!("{} tokens of {} bytes each in {}", cache.tokens(), header.bytes_per_token(), path.display());
    run.use_cache(cache);
    Ok(())
}
