//! Runs the server alone, for `kubectl` and any other client, until Ctrl-C: `cargo run -p clientset-testserver --example serve -- --help`.
//!
//! `cargo xtask serve` is the same with a kubeconfig in target/serve.

use std::io::{Error, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clientset_testserver::{Builder, TestServer};

const USAGE: &str = "\
usage: serve [--port N] [--token T] [--tls] [--rbac] [--all-apis] [--load FILE]... [--kubeconfig FILE] [--quiet] [--end-with-stdin]

  --port N           listen on this port of 127.0.0.1 instead of any free one
  --token T          let in only who shows this bearer token
  --tls              speak TLS, with a certificate of the server's own authority
  --rbac             evaluate RBAC objects
  --all-apis         serve alpha and beta APIs too
  --load FILE        begin with these objects (YAML or JSON, several documents)
  --kubeconfig FILE  write the kubeconfig here instead of to standard output; {port} in the name is the port
  --quiet            no line for each request
  --end-with-stdin   end when standard input does: for programs that start this one";

struct Arguments {
    builder: Builder,
    load: Vec<PathBuf>,
    kubeconfig: Option<PathBuf>,
    quiet: bool,
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    // Milliseconds: above all that an earlier start has counted to, so that its watches list again.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let builder = TestServer::builder().first_resource_version(now.try_into().unwrap_or(1));
    let mut all = Arguments { builder, load: Vec::new(), kubeconfig: None, quiet: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let builder = all.builder.clone();
        match word.as_str() {
            "--port" => {
                let text = value()?;
                let port = text.parse().map_err(|_| format!("{text} is no port"))?;
                all.builder = builder.port(port);
            }
            "--token" => all.builder = builder.token(value()?),
            "--tls" => all.builder = builder.tls(),
            "--rbac" => all.builder = builder.rbac(true),
            "--all-apis" => all.builder = builder.all_apis(true),
            "--load" => all.load.push(value()?.into()),
            "--kubeconfig" => all.kubeconfig = Some(value()?.into()),
            "--quiet" => all.quiet = true,
            "--end-with-stdin" => {
                std::thread::spawn(|| {
                    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
                    std::process::exit(0);
                });
            }
            "--help" | "-h" => return Err(String::new()),
            other => return Err(format!("what is {other}?")),
        }
    }
    Ok(all)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(Arguments { builder, load, kubeconfig, quiet }: Arguments) -> std::io::Result<()> {
    let builder = match quiet {
        true => builder,
        false => builder.on_answer(|request| eprintln!("{request}")),
    };
    let server = builder.start().await?;
    for file in load {
        let shown = file.display();
        let yaml = std::fs::read_to_string(&file)
            .map_err(|error| Error::new(error.kind(), format!("{shown}: {error}")))?;
        server.load(&yaml).await.map_err(|error| Error::other(format!("{shown}: {error}")))?;
    }
    eprintln!("serving on {}, until Ctrl-C; everything is in memory, for tests only", server.url());
    match kubeconfig {
        Some(path) => {
            let port = server.url().rsplit(':').next().unwrap_or_default().to_owned();
            let path = PathBuf::from(path.to_string_lossy().replace("{port}", &port));
            write(&path, &server.kubeconfig())?;
            println!("export KUBECONFIG='{}'", path.display());
        }
        None => println!("{}", server.kubeconfig()),
    }
    std::future::pending().await
}

/// For the eyes of its owner only: there may be a token in it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
