//! The words of the command line. `///` here is what `--help` prints.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A keyboard-driven inbox that recognises what buyers want, for people who sell across borders.
///
/// Without a command the inbox opens. Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration,
/// 3 partly done.
#[derive(Debug, Parser)]
#[command(name = "sextant", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Everything the program writes goes there, the shared model cache aside
    #[arg(long, global = true, env = "SEXTANT_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The configuration file
    #[arg(long, global = true, env = "SEXTANT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// sqlite:FILE or postgres:… (default: an SQLite file in the data folder)
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// A shop day in the inbox: the sandbox, the real client over HTTP, a throw-away data folder
    Demo(Demo),
    /// Serve the platforms' side of the wire on loopback, until stopped
    Sandbox(Sandbox),
    /// Connect, list and remove accounts
    #[command(subcommand)]
    Account(Account),
    /// The embedding model and the runtime library: where they are, whether their hashes hold
    #[command(subcommand)]
    Model(Model),
    /// Classify one message a line, or JSONL with `text`
    Classify {
        /// A file; - is standard input
        #[arg(default_value = "-")]
        file: PathBuf,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Measure the classifier on labelled rows that it does not train on
    Eval(Eval),
    /// Bring JSONL or CSV into the inbox as if a channel had delivered it
    Import(Import),
    /// Poll all accounts and classify what waits
    Sync {
        /// One round, instead of until stopped
        #[arg(long)]
        once: bool,
        #[arg(long)]
        json: bool,
    },
    /// The queue, in the order of the screen
    List(List),
    /// One conversation: messages, orders, draft, outbox, events
    Show {
        /// A conversation's id, or any unique ending of it
        id: String,
        /// With the three nearest labelled examples of each message of the buyer: the reason for its intent
        #[arg(long)]
        why: bool,
        #[arg(long)]
        json: bool,
    },
    /// Stage a reply and put it in the outbox, where it is held and can be taken back
    Reply(Reply),
    /// Mark conversations as done
    Done { ids: Vec<String> },
    /// Open conversations again
    Reopen { ids: Vec<String> },
    /// Put a conversation away until a time
    Snooze {
        id: String,
        /// A span (45m, 3h, 2d) or an RFC 3339 time
        until: String,
    },
    /// Say which intent a message has; the next prediction uses it
    Relabel {
        id: String,
        /// A key of the taxonomy, such as presale.stock
        intent: String,
        /// Which message (default: the buyer's newest)
        #[arg(long)]
        message: Option<String>,
    },
    /// Confirm the predicted intent of a message
    Confirm {
        id: String,
        /// Which message (default: the buyer's newest)
        #[arg(long)]
        message: Option<String>,
    },
    /// Take back the last act: recall a held reply, reopen, forget a correction
    Undo {
        /// Of this conversation (default: the last act of all)
        id: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Say what became of a reply of unknown outcome, after a look at the platform
    Resolve {
        id: String,
        /// It is there: it is looked for once more, and never sent again
        #[arg(
            long,
            conflicts_with = "not_sent",
            required_unless_present = "not_sent"
        )]
        arrived: bool,
        /// It is not there: its text becomes the draft again
        #[arg(long)]
        not_sent: bool,
        #[arg(long)]
        json: bool,
    },
    /// Every key of the inbox: what it does, where, and which command does the same
    Keys {
        /// en or zh
        #[arg(long, value_enum, value_name = "L")]
        lang: Option<Language>,
        #[arg(long)]
        json: bool,
    },
    /// Check everything in a fixed order and say what to do
    Doctor {
        #[arg(long)]
        json: bool,
    },
}

/// A language of the inbox.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Language {
    En,
    Zh,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Without a terminal: run, then print the figures as one JSON object
    #[arg(long)]
    pub headless: bool,
    /// How long; in the inbox until it is left. Without a terminal 30, from the moment the model is ready
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: Option<u64>,
    /// Another seed, another shop day
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Sandbox {
    /// A port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Start with these faults on
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub fault: Vec<String>,
}

/// What `account add --help` says at its end.
const ACCOUNT_HELP: &str = "\
On standard input (or from --credentials-command), either line by line as it is asked for:
  the app key, the app secret, the service id, then the address of the page that the consent ended on;
or as one JSON object:
  {\"app_key\":\"…\",\"app_secret\":\"…\",\"service_id\":\"…\",\"code\":\"the bare code\"}
Without \"code\" the consent page is printed and the address is asked for on standard input.
\"united_states\": true selects the consent page of US sellers.

The secrets are kept in a file that only you can read, in the data folder.";

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Connect an account. Credentials come from standard input or a command, never from the command line
    #[command(after_help = ACCOUNT_HELP)]
    Add {
        /// tiktok_shop
        channel: String,
        /// Talk to this host instead of the platform's own (the sandbox)
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Run this command and read from its output what would be read from standard input
        #[arg(long, value_name = "COMMAND")]
        credentials_command: Option<String>,
    },
    /// The connected accounts
    List {
        #[arg(long)]
        json: bool,
    },
    /// Disconnect an account; its conversations stay
    Remove { id: String },
}

#[derive(Debug, Subcommand)]
pub enum Model {
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Fetch and convert the model and the runtime library, if they are not there
    Install {
        /// A folder with model.onnx and tokenizer.json, instead of a download
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Compute the hashes again
    Verify {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct Eval {
    /// Rows {"text","label"} to train on
    #[arg(
        long,
        required_unless_present = "builtin",
        conflicts_with = "builtin",
        value_name = "FILE"
    )]
    pub train: Option<PathBuf>,
    /// The built-in taxonomy, on rows with `intent`, `outcome` or `intents` and `lead`
    #[arg(long)]
    pub builtin: bool,
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// Out-of-scope rows
    #[arg(long, value_name = "FILE")]
    pub oos: Option<PathBuf>,
    /// Train on so many rows a label, drawn with the seed
    #[arg(long, value_name = "N")]
    pub shots: Option<usize>,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ImportAs {
    /// Conversations in the inbox
    Messages,
    /// Labelled rows become examples of yours
    History,
}

#[derive(Debug, Args)]
pub struct Import {
    /// JSONL or CSV; - is standard input
    pub file: PathBuf,
    /// The channel that would have delivered it: tiktok_shop, instagram, messenger, youtube, email, lazada, shopee,
    /// telegram, file
    #[arg(long)]
    pub channel: String,
    #[arg(long = "as", value_enum, default_value = "messages")]
    pub import_as: ImportAs,
    /// Where a field stands in the file, such as text=body. Fields: text, id, conversation, author, from (buyer or
    /// agent), sent_at (RFC 3339), lang, label, order, source
    #[arg(long, num_args = 1.., value_name = "FIELD=COLUMN")]
    pub map: Vec<String>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct List {
    /// open, unknown, snoozed, done, outbox, or a parent of the taxonomy
    #[arg(long)]
    pub queue: Option<String>,
    #[arg(long)]
    pub intent: Option<String>,
    #[arg(long)]
    pub lang: Option<String>,
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct Reply {
    /// A conversation's id, or any unique ending of it
    pub id: String,
    /// A template's key, or its number for the intent
    #[arg(long, value_name = "KEY", group = "source")]
    pub template: Option<String>,
    /// Free text; - reads standard input
    #[arg(long, value_name = "T", group = "source", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// The draft as it stands
    #[arg(long, group = "source")]
    pub draft: bool,
    /// Another language than the buyer's
    #[arg(long, value_name = "L", requires = "template")]
    pub lang: Option<String>,
    /// Which order is meant
    #[arg(long, value_name = "ORDER", requires = "template")]
    pub order: Option<String>,
    /// A value for a slot, such as ask.link=…
    #[arg(long, value_name = "SLOT=VALUE", requires = "template")]
    pub set: Vec<String>,
    /// Keep it as the draft, do not send
    #[arg(long)]
    pub stage: bool,
    /// No hold: it may leave at once
    #[arg(long)]
    pub now: bool,
    #[arg(long)]
    pub json: bool,
}
