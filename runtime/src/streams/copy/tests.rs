//! Archives as containers send them, the hostile ones first.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::bridge::bridge;
use super::unpack::unpack;
use super::{Copied, Limits, pack, split};
use crate::streams::tests::{Server, failed};
use crate::testing::status;
use crate::{Error, Result};

/// One entry, with any path: the crate itself refuses to write most of these.
fn entry(out: &mut Vec<u8>, kind: EntryType, path: &str, link: &str, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o4777);
    let old = header.as_old_mut();
    old.name[..path.len()].copy_from_slice(path.as_bytes());
    old.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    out.extend(header.as_bytes());
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

fn archive(entries: &[(EntryType, &str, &str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, path, link, content) in entries {
        entry(&mut out, *kind, path, link, content);
    }
    out.extend([0; 1024]);
    out
}

/// A folder `in` within a folder, so that what escapes is seen.
fn folder() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("in");
    fs::create_dir(&inner).unwrap();
    (outer, inner)
}

fn unpacked(archive: &[u8], into: &Path) -> Result<Copied> {
    unpack(archive, "data", into, Limits::default())
}

/// What is in a folder, all the way down.
fn tree(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;

#[test]
fn what_was_asked_for_lands_below_the_folder() {
    let (_outer, inner) = folder();
    let copied = unpacked(
        &archive(&[
            (FOLDER, "./data", "", b""),
            (FILE, "./data/a", "", b"one"),
            (FOLDER, "./data/b/", "", b""),
            (FILE, "./data/b/c", "", b"two!"),
        ]),
        &inner,
    )
    .unwrap();
    assert_eq!((copied.files, copied.directories, copied.bytes), (2, 2, 7));
    assert_eq!(tree(&inner), ["data", "data/a", "data/b", "data/b/c"]);
    assert_eq!(fs::read_to_string(inner.join("data/b/c")).unwrap(), "two!");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(inner.join("data/a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o755, "nobody becomes somebody else");
    }
    // Again, over what is there.
    unpacked(&archive(&[(FILE, "data/a", "", b"new")]), &inner).unwrap();
    assert_eq!(fs::read_to_string(inner.join("data/a")).unwrap(), "new");
}

#[test]
fn x1_paths_that_lead_elsewhere_are_refused_and_nothing_is_written_there() {
    for path in [
        "../../etc/x",
        "../evil",
        "data/../../evil",
        "data/..",
        "/evil",
        "/data/evil",
        "other",
        ".",
        "./",
        "",
    ] {
        for kind in [FILE, FOLDER, EntryType::Symlink, EntryType::Link] {
            let (outer, inner) = folder();
            let error = unpacked(&archive(&[(kind, path, "data", b"")]), &inner).unwrap_err();
            assert!(error.is_decode(), "{path:?}: {error}");
            assert_eq!(tree(outer.path()), ["in"], "{path:?}");
        }
    }
    // The same as the long names of both dialects.
    for (kind, text) in [
        (EntryType::GNULongName, b"data/../../evil\0".to_vec()),
        (EntryType::XHeader, b"24 path=data/../../evil\n".to_vec()),
    ] {
        let (outer, inner) = folder();
        let entries = [(kind, "././@LongLink", "", text.as_slice()), (FILE, "data/a", "", b"x")];
        assert!(unpacked(&archive(&entries), &inner).unwrap_err().is_decode());
        assert_eq!(tree(outer.path()), ["in"]);
    }
}

#[test]
fn x1_links_devices_and_pipes_are_never_made_and_never_followed() {
    let (outer, inner) = folder();
    let copied = unpacked(
        &archive(&[
            (FOLDER, "data", "", b""),
            (EntryType::Symlink, "data/up", "../..", b""),
            (EntryType::Symlink, "data/abs", "/etc", b""),
            (EntryType::Link, "data/hard", "/etc/passwd", b""),
            (EntryType::Char, "data/null", "", b""),
            (EntryType::Block, "data/disk", "", b""),
            (EntryType::Fifo, "data/pipe", "", b""),
            (FILE, "data/ok", "", b"x"),
        ]),
        &inner,
    )
    .unwrap();
    assert_eq!(copied.skipped.len(), 6);
    assert_eq!(copied.skipped[0], "data/up (symbolic link)");
    assert_eq!(tree(outer.path()), ["in", "in/data", "in/data/ok"]);
    // Through a link that was never made there is no way.
    let entries = [(EntryType::Symlink, "data", "..", &b""[..]), (FILE, "data/evil", "", b"x")];
    let (outer, inner) = folder();
    assert!(unpacked(&archive(&entries), &inner).unwrap_err().is_local());
    assert_eq!(tree(outer.path()), ["in"]);
}

#[cfg(unix)]
#[test]
fn x1_links_that_were_there_before_lead_nowhere_outside() {
    use std::os::unix::fs::symlink;
    for (name, entries) in [
        ("a folder", archive(&[(FILE, "data/evil", "", b"x")])),
        ("a folder that comes again", archive(&[(FOLDER, "data", "", b""), (FILE, "data/evil", "", b"x")])),
    ] {
        let (outer, inner) = folder();
        symlink(outer.path(), inner.join("data")).unwrap();
        assert!(unpacked(&entries, &inner).unwrap_err().is_local(), "{name}");
        assert_eq!(tree(outer.path()), ["in", "in/data"], "{name}");
    }
    let (outer, inner) = folder();
    fs::write(outer.path().join("mine"), "mine").unwrap();
    symlink(outer.path().join("mine"), inner.join("data")).unwrap();
    unpacked(&archive(&[(FILE, "data", "", b"theirs")]), &inner).unwrap();
    assert_eq!(fs::read_to_string(outer.path().join("mine")).unwrap(), "mine", "the link is replaced");
    assert_eq!(fs::read_to_string(inner.join("data")).unwrap(), "theirs");
}

#[test]
fn x1_sizes_and_numbers_have_bounds() {
    let limited = |archive: &[u8], bytes, entries| {
        let (_outer, inner) = folder();
        let result = unpack(archive, "data", &inner, Limits { bytes, entries });
        (result, tree(&inner))
    };
    let two = archive(&[(FILE, "data/../data", "", b"")]);
    assert!(limited(&two, 10, 10).0.is_err());
    let files = archive(&[
        (FOLDER, "data", "", b""),
        (FILE, "data/a", "", b"12345"),
        (FILE, "data/b", "", b"123456"),
    ]);
    let (result, left) = limited(&files, 10, 10);
    assert!(result.unwrap_err().is_body_too_large());
    assert_eq!(left, ["data", "data/a"], "half a file is not left behind");
    assert!(limited(&files, 11, 2).0.unwrap_err().is_body_too_large());
    assert!(limited(&files, 11, 3).0.is_ok());
    // A name of a gibibyte: refused by how long it is, not read.
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    let endless = header.as_bytes().chain(std::io::repeat(b'a').take(1 << 30));
    let (_outer, inner) = folder();
    assert!(unpack(endless, "data", &inner, Limits::default()).unwrap_err().is_body_too_large());
    let deep = format!("data/{}", "d/".repeat(300));
    let mut out = Vec::new();
    entry(&mut out, EntryType::GNULongName, "././@LongLink", "", deep.as_bytes());
    entry(&mut out, FOLDER, "data", "", b"");
    assert!(limited(&out, 10, 10).0.unwrap_err().is_decode());
}

#[test]
fn an_archive_that_breaks_off_is_none() {
    let whole = archive(&[(FOLDER, "data", "", b""), (FILE, "data/a", "", &[7; 2000])]);
    for at in [0, 1, 511, 513, 1030, 1600] {
        let (_outer, inner) = folder();
        let error = unpacked(&whole[..at], &inner).unwrap_err();
        assert!(error.is_truncated() || error.is_decode(), "{at}: {error}");
        assert!(!inner.join("data/a").exists(), "{at}");
    }
    let (_outer, inner) = folder();
    assert!(unpacked(&[b'x'; 2048], &inner).unwrap_err().is_decode());
}

#[test]
fn only_what_has_a_name_can_be_copied() {
    for (path, wanted) in [
        ("/etc/hosts", Some(("/etc", "hosts"))),
        ("/etc/", Some(("/", "etc"))),
        ("a", Some((".", "a"))),
        ("a/-b", Some(("a", "-b"))),
        ("/", None),
        ("", None),
        ("..", None),
        ("/etc/..", None),
        ("/etc/.", None),
        ("-x/y", None),
    ] {
        assert_eq!(split(path), wanted, "{path}");
    }
}

/// Packs and unpacks, as both ends together do.
fn through(local: &Path, limits: Limits) -> (Result<Copied>, Vec<u8>) {
    let (sender, mut receiver) = bridge();
    let local = local.to_owned();
    let packing = std::thread::spawn(move || pack::pack(sender, &local, limits));
    let mut bytes = Vec::new();
    let read = receiver.read_to_end(&mut bytes);
    let packed = packing.join().unwrap();
    assert_eq!(packed.is_ok(), read.is_ok(), "an archive that is not whole does not end well");
    (packed, bytes)
}

#[test]
fn a_folder_goes_out_and_comes_back() {
    let (outer, inner) = folder();
    let data = inner.join("data");
    let long = "n".repeat(150);
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("empty"), "").unwrap();
    fs::write(data.join("sub").join(&long), vec![9; 300_000]).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("empty", data.join("link")).unwrap();
    let (packed, bytes) = through(&data, Limits::default());
    let packed = packed.unwrap();
    assert_eq!((packed.files, packed.directories, packed.bytes), (2, 2, 300_000));
    let out = outer.path().join("out");
    let copied = unpacked(&bytes, &out).unwrap();
    assert_eq!((copied.files, copied.bytes), (2, 300_000));
    assert_eq!(tree(&out), ["data", "data/empty", "data/sub", &format!("data/sub/{long}")]);
    let (packed, _) = through(&data, Limits { bytes: 10, entries: 10 });
    assert!(packed.unwrap_err().is_body_too_large());
    let (packed, _) = through(&inner.join("missing"), Limits::default());
    assert!(packed.unwrap_err().is_local());
}

async fn copied(answer: impl AsyncFnOnce(crate::streams::tests::Peer)) -> (Result<Copied>, TempDir) {
    let mut server = Server::v5();
    let (outer, inner) = folder();
    let run = tokio::spawn(server.pods().copy_from("a", "exec", "/var/data", &inner).container("c").send());
    let peer = server.peer().await;
    assert!(
        peer.asked.url.contains(
            "command=tar&command=cf&command=-&command=-C&command=%2Fvar&command=.%2Fdata&container=c"
        ),
        "{}",
        peer.asked.url
    );
    answer(peer).await;
    (run.await.unwrap(), outer)
}

#[tokio::test]
async fn files_come_out_of_a_container() {
    let whole = archive(&[(FOLDER, "./data", "", b""), (FILE, "./data/a", "", &[7; 200_000])]);
    let (result, outer) = copied(async |mut peer| {
        for piece in whole.chunks(10_000) {
            peer.send(1, piece).await;
        }
        peer.end(r#"{"status":"Success"}"#).await;
    })
    .await;
    assert_eq!(result.unwrap().bytes, 200_000);
    assert_eq!(tree(outer.path()), ["in", "in/data", "in/data/a"]);
}

#[tokio::test]
async fn a_container_without_tar_and_a_path_that_is_not_there_are_told() {
    let no_tar = |error: &Error| error.is_remote() && error.to_string().contains("no `tar`");
    for code in ["126", "127"] {
        let (result, _outer) = copied(async |peer| peer.end(&failed(code)).await).await;
        let error = result.unwrap_err();
        assert!(no_tar(&error), "{error}");
    }
    let (result, _outer) = copied(async |peer| {
        let message = r#"exec: \"tar\": executable file not found in $PATH"#;
        peer.end(&format!(
            r#"{{"status":"Failure","reason":"InternalError","code":500,"message":"{message}"}}"#
        ))
        .await;
    })
    .await;
    assert!(no_tar(&result.unwrap_err()));
    let (result, _outer) = copied(async |mut peer| {
        peer.send(2, "tar: ./data: \u{1b}No such file").await;
        peer.end(&failed("2")).await;
    })
    .await;
    let error = result.unwrap_err();
    assert!(error.is_remote() && error.to_string().contains("No such file"), "{error}");
    assert!(!error.to_string().contains('\u{1b}'));
    let (result, _outer) = copied(async |peer| peer.end(&status(404, "NotFound")).await).await;
    assert!(result.unwrap_err().is_not_found());
}

#[tokio::test]
async fn x1_a_hostile_archive_ends_the_copy_though_the_container_goes_on_sending() {
    let (result, outer) = copied(async |mut peer| {
        peer.send(1, archive(&[(FILE, "../evil", "", b"x")])).await;
        let piece = vec![0; 32 << 10];
        let message = crate::streams::channels::data(1, &piece);
        let message = tokio_tungstenite::tungstenite::Message::Binary(message);
        while futures_util::SinkExt::send(&mut peer.socket, message.clone()).await.is_ok() {}
    })
    .await;
    assert!(result.unwrap_err().is_decode());
    assert_eq!(tree(outer.path()), ["in"]);
}

#[tokio::test]
async fn files_go_into_a_container() {
    let mut server = Server::v5();
    let (_outer, inner) = folder();
    let data = inner.join("data");
    fs::write(&data, vec![5; 100_000]).unwrap();
    let run = tokio::spawn(server.pods().copy_to("a", "exec", &data, "/etc").send());
    let mut peer = server.peer().await;
    assert!(
        peer.asked.url.contains("command=tar&command=xmf&command=-&command=-C&command=%2Fetc&stdin=true")
    );
    let mut sent = Vec::new();
    while let Some(message) = peer.message().await {
        if message[0] == 255 {
            break;
        }
        sent.extend(&message[1..]);
    }
    peer.end(r#"{"status":"Success"}"#).await;
    assert_eq!(run.await.unwrap().unwrap().bytes, 100_000);
    let (outer, out) = folder();
    assert_eq!(unpacked(&sent, &out).unwrap().bytes, 100_000);
    drop(outer);

    let run = tokio::spawn(server.pods().copy_to("a", "exec", &data, "/nowhere").send());
    let mut peer = server.peer().await;
    peer.send(2, "tar: can't change directory").await;
    peer.end(&failed("1")).await;
    let error = run.await.unwrap().unwrap_err();
    assert!(error.is_remote() && error.to_string().contains("can't change directory"), "{error}");

    let run = tokio::spawn(server.pods().copy_to("a", "exec", inner.join("missing"), "/etc").send());
    let peer = server.peer().await;
    assert!(run.await.unwrap().unwrap_err().is_local());
    peer.gone().await;
}

#[test]
fn an_archive_that_is_made_in_pieces_is_one() {
    let (sender, mut receiver) = bridge();
    let writing = std::thread::spawn(move || {
        let mut builder = Builder::new(sender);
        let mut sender = builder.get_mut();
        for byte in 0..=255u8 {
            Write::write_all(&mut sender, &[byte; 1000]).unwrap();
        }
        builder.into_inner().unwrap().finish_blocking().unwrap();
    });
    let mut bytes = Vec::new();
    receiver.read_to_end(&mut bytes).unwrap();
    writing.join().unwrap();
    assert!(bytes.len() >= 256_000 && bytes[255_500] == 255);
}
