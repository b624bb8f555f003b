//! What clientset.toml says about files: where the inputs are and where the output goes. The rest of it is the generator's.

use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::failure::{Context, Failure, Result};

/// Where the inputs are and where the output goes, relative to clientset.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) output: PathBuf,
    pub(crate) inputs: Vec<String>,
}

impl Settings {
    /// Reads them from the text of a clientset.toml, whose name is for errors.
    pub(crate) fn read(text: &str, name: &str) -> Result<Settings> {
        let table: Table = text.parse().context(|| format!("{name} is not TOML"))?;
        let output = match table.get("output") {
            None => "src/crds",
            Some(Value::String(text)) => text,
            Some(_) => return Err(Failure::new(format!("`output` in {name} is no text")).help(OUTPUT)),
        };
        let path = Path::new(output);
        let below = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !below || output.is_empty() || output.contains(['\\', ':']) {
            let what = format!("`output` in {name} is `{output}`, which is no folder below that of {name}");
            return Err(Failure::new(what).help(OUTPUT));
        }
        let words = || Failure::new(format!("`inputs` in {name} is no list of texts")).help(INPUTS);
        let inputs = match table.get("inputs") {
            None => vec!["crds".to_owned()],
            Some(Value::Array(list)) => {
                let texts = list.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(words));
                texts.collect::<Result<_>>()?
            }
            Some(_) => return Err(words()),
        };
        for input in &inputs {
            if input.is_empty() || Path::new(input).is_absolute() || input.contains('\\') {
                // The names of inputs are written into the output, which is to be the same on every machine.
                let what = format!("the input `{input}` in {name} is not relative to the folder of {name}");
                return Err(Failure::new(what).help(INPUTS));
            }
        }
        Ok(Settings { output: path.components().collect(), inputs })
    }
}

const OUTPUT: &str = "write a folder with `/`, such as output = \"src/crds\"";
const INPUTS: &str =
    "write files and folders with `/`, such as inputs = [\"crds\", \"../deploy/widgets.yaml\"]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_crds_to_src_crds() {
        let settings = Settings::read("", "clientset.toml").unwrap();
        assert_eq!(settings.output, Path::new("src/crds"));
        assert_eq!(settings.inputs, ["crds"]);
    }

    #[test]
    fn output_stays_below_and_inputs_are_relative() {
        for text in [
            "output = ''",
            "output = '..'",
            "output = 'src/../../x'",
            "output = '/x'",
            "output = '.'",
            "output = 1",
            "output = 'C:\\x'",
            "inputs = ['/etc/x.yaml']",
            "inputs = 'x'",
            "inputs = [1]",
            "inputs = ['']",
            "x",
        ] {
            assert!(Settings::read(text, "clientset.toml").is_err(), "{text}");
        }
        assert!(Settings::read("inputs = ['../x.yaml']\noutput = 'a/b'", "").is_ok());
    }
}
