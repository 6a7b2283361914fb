//! Who claimed a reply, so that a claim need not grow old when its process has died.
//!
//! A claimant is written `HOST PID START`. The host is this run of this machine's kernel, the namespace in which the pid is one,
//! and the user, since a process of another user may be hidden; the start, in ticks since boot, tells a process from a later
//! one with the same pid. Read from Linux's `/proc`; where there is none, a process has no name and its claims have only
//! their age.
//!
//! May use: std. The one rule: a process is called dead only where it is certain. Of other hosts nothing is certain.

use std::sync::LazyLock;

static HOST: LazyLock<Option<String>> = LazyLock::new(host);
static THIS_PROCESS: LazyLock<Option<String>> = LazyLock::new(|| name(std::process::id()));

/// The name of this process, if it has one.
pub fn this_process() -> Option<&'static str> {
    THIS_PROCESS.as_deref()
}

/// Whether a claimant was a process of this host that is not there any more.
pub fn is_dead(claimant: &str) -> bool {
    let pid = claimant.rsplit(' ').nth(1).and_then(|pid| pid.parse().ok());
    let (Some(pid), Some(host), Some(_)) = (pid, HOST.as_deref(), this_process()) else {
        return false;
    };
    let is_here = claimant
        .strip_prefix(host)
        .is_some_and(|rest| rest.starts_with(' '));
    is_here && name(pid).as_deref() != Some(claimant)
}

/// The name of the process that has this pid now; a dead one that nobody has buried yet has none.
fn name(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `PID (COMMAND) STATE …`, and the command may hold anything. The start is field 22: proc_pid_stat(5).
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_gone = matches!(fields.next()?, "Z" | "X" | "x");
    let start = fields.nth(18)?;
    let host = HOST.as_deref()?;
    (!is_gone).then(|| format!("{host} {pid} {start}"))
}

#[cfg(target_os = "linux")]
fn host() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    Some(format!(
        "{}/{}/{user}",
        boot.trim(),
        namespace.to_string_lossy()
    ))
}

#[cfg(not(target_os = "linux"))]
fn host() -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_dead_once_it_has_ended_and_a_later_one_with_its_pid_is_another() {
        let mine = this_process().unwrap();
        assert!(!is_dead(mine));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let claimant = name(child.id()).unwrap();
        assert!(!is_dead(&claimant));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&claimant));

        let (same_pid, start) = mine.rsplit_once(' ').unwrap();
        let earlier = start.parse::<u64>().unwrap() - 1;
        assert!(is_dead(&format!("{same_pid} {earlier}")));
    }

    #[test]
    fn nothing_is_said_of_a_process_of_another_host_or_of_none() {
        for claimant in ["", "1", "elsewhere 1 1", "elsewhere/pid:[1]/0 999999999 1"] {
            assert!(!is_dead(claimant), "{claimant}");
        }
        let host = HOST.as_deref().unwrap();
        assert!(!is_dead(&format!("{host}0 999999999 1")));
        assert!(!is_dead(&format!("{host} x 1")));
    }
}
