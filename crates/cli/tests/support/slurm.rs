//! A Slurm of one machine's own: Debian's packages unpacked into a folder, never installed, and daemons on loopback.
#![allow(dead_code)] // each test file uses its own part

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Packages without those that the system has for itself.
const SLURM: [&str; 7] = [
    "libhwloc15",
    "liblua5.1-0",
    "libmunge2",
    "slurm-wlm-basic-plugins",
    "slurm-client",
    "slurmd",
    "slurmctld",
];
/// Programs of `slurm-client` that a sweep or a test starts.
const PROGRAMS: [&str; 5] = ["sbatch", "squeue", "scancel", "scontrol", "sinfo"];

/// Debian packages, unpacked once for all tests of this target folder.
pub(crate) fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let root = tmp.join(format!("debian-{name}"));
    if root.is_dir() {
        return Ok(root);
    }
    let own = tempfile::Builder::new().prefix("debian-").tempdir_in(tmp);
    let own = own.map_err(|error| error.to_string())?;
    let done = |mut command: Command| {
        let out = command
            .current_dir(own.path())
            .stdin(Stdio::null())
            .output();
        match out {
            Ok(out) if out.status.success() => Ok(()),
            Ok(out) => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
            Err(error) => Err(format!("{:?}: {error}", command.get_program())),
        }
    };
    let mut download = Command::new("timeout");
    download
        .args(["40", "apt-get", "download", "-qq"])
        .args(packages);
    done(download).map_err(|why| format!("apt-get download: {}", why.trim()))?;
    let unpacking = own.path().join("root");
    for entry in fs::read_dir(own.path()).unwrap().flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "deb")
        {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(entry.path()).arg(&unpacking);
            done(unpack)?;
        }
    }
    // Another test may have been faster.
    let _ = fs::rename(&unpacking, &root);
    match root.is_dir() {
        true => Ok(root),
        false => Err(format!("cannot make {root:?}")),
    }
}

/// A controller and its nodes.
pub(crate) struct Slurm {
    pub(crate) dir: tempfile::TempDir,
    root: PathBuf,
    controller: Option<Child>,
    nodes: Vec<Option<Child>>,
    /// Of the daemons of nodes and what they start, by node.
    environment: Vec<Vec<(String, OsString)>>,
}

impl Slurm {
    /// One with nodes n1, n2, … of two cores each; the reason where there can be none.
    pub(crate) fn start(n_nodes: usize) -> Result<Self, String> {
        if !cfg!(target_os = "linux") {
            return Err("not Linux".to_owned());
        }
        let root = unpacked("slurm", &SLURM)?;
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut slurm = Self {
            dir,
            root,
            controller: None,
            nodes: (0..n_nodes).map(|_| None).collect(),
            environment: vec![Vec::new(); n_nodes],
        };
        slurm.write_files();
        let version = slurm.daemon("slurmctld-wlm").arg("-V").output();
        if !version.is_ok_and(|out| out.status.success()) {
            return Err("slurmctld does not start here".to_owned());
        }
        slurm.start_controller();
        for node in 0..n_nodes {
            slurm.start_node(node);
        }
        let start = Instant::now();
        let idle = |slurm: &Self| {
            let out = slurm.program("sinfo", &["-h", "-N", "-o", "%T"]);
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            text.lines().filter(|state| *state == "idle").count() == n_nodes
        };
        while !idle(&slurm) {
            if start.elapsed() > Duration::from_secs(20) {
                return Err(format!("its nodes do not come up: {}", slurm.logs()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(slurm)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write_files(&self) {
        let say = |words: &[&str]| {
            let out = Command::new(words[0]).args(&words[1..]).output().unwrap();
            String::from_utf8(out.stdout).unwrap().trim().to_owned()
        };
        let (host, user) = (say(&["uname", "-n"]), say(&["id", "-un"]));
        let host = host.split('.').next().unwrap();
        let place = self.dir.path().display();
        let plugins = self.libraries().join("slurm-wlm");
        let ports: Vec<u16> = {
            let sockets = (0..=self.nodes.len()).map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
            let sockets: Vec<TcpListener> = sockets.collect();
            sockets
                .iter()
                .map(|s| s.local_addr().unwrap().port())
                .collect()
        };
        // Without munge: for one user of one machine, on loopback only.
        let mut conf = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\n\
             CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\nAuthType=auth/none\nAuthInfo=cred_expire=5\nCredType=cred/none\n\
             SlurmUser={user}\nSlurmdUser={user}\nPluginDir={}\nProctrackType=proctrack/pgid\n\
             TaskPlugin=task/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core_Memory\n\
             SchedulerParameters=sched_interval=2,sched_min_interval=100000,batch_sched_delay=0\n\
             SlurmdParameters=config_overrides\nReturnToService=2\nMpiDefault=none\nSwitchType=switch/none\n\
             AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n\
             StateSaveLocation={place}/state\nSlurmctldPidFile={place}/slurmctld.pid\n\
             SlurmctldLogFile={place}/slurmctld.log\nSlurmdPidFile={place}/%n.pid\nSlurmdLogFile={place}/%n.log\n\
             SlurmdSpoolDir={place}/spool-%n\nSlurmdTimeout=10\nSlurmctldTimeout=10\nKillWait=2\nMailProg=/bin/true\n",
            ports[0],
            plugins.display()
        );
        for (node, port) in ports[1..].iter().enumerate() {
            conf.push_str(&format!(
                "NodeName=n{} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 CoresPerSocket=2 \
                 ThreadsPerCore=1 RealMemory=8000\n",
                node + 1
            ));
        }
        conf.push_str("PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n");
        fs::create_dir_all(self.at("state")).unwrap();
        fs::create_dir_all(self.at("bin")).unwrap();
        fs::write(self.at("slurm.conf"), conf).unwrap();
        for name in PROGRAMS {
            let script = format!(
                "#!/bin/sh\nexport SLURM_CONF='{place}/slurm.conf'\nexport LD_LIBRARY_PATH='{}'\nexec '{}' \"$@\"\n",
                self.library_path(),
                self.root.join("usr/bin").join(name).display()
            );
            let path = self.at("bin").join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn libraries(&self) -> PathBuf {
        self.root.join("usr/lib/x86_64-linux-gnu")
    }

    fn library_path(&self) -> String {
        let libraries = self.libraries().display().to_string();
        format!("{libraries}:{libraries}/slurm-wlm")
    }

    /// `PATH` with the programs of this Slurm in front.
    pub(crate) fn path(&self) -> OsString {
        let mut path = self.at("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }

    fn daemon(&self, name: &str) -> Command {
        let mut command = Command::new(self.root.join("usr/sbin").join(name));
        command
            .env("SLURM_CONF", self.at("slurm.conf"))
            .env("LD_LIBRARY_PATH", self.library_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    pub(crate) fn start_controller(&mut self) {
        let controller = self.daemon("slurmctld-wlm").arg("-D").spawn();
        self.controller = Some(controller.unwrap());
    }

    pub(crate) fn start_node(&mut self, node: usize) {
        let mut command = self.daemon("slurmd-wlm");
        command.arg("-D").args(["-N", &format!("n{}", node + 1)]);
        command.envs(self.environment[node].iter().cloned());
        let stepd = self.root.join("usr/sbin/slurmstepd-wlm");
        self.nodes[node] = Some(command.arg("-d").arg(stepd).spawn().unwrap());
    }

    /// Sets the clock of a node off, from its next start on.
    pub(crate) fn set_clock(&mut self, node: usize, faketime: &Path, offset: &str) {
        self.environment[node] = vec![
            ("LD_PRELOAD".to_owned(), faketime.into()),
            ("FAKETIME".to_owned(), offset.into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".into()),
        ];
    }

    /// What an administrator does about nodes that Slurm has set aside.
    pub(crate) fn resume_nodes(&self) {
        let out = self.program("sinfo", &["-h", "-N", "-o", "%N %T"]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        for (node, _) in text
            .lines()
            .filter_map(|l| l.split_once(' '))
            .filter(|l| l.1.contains("drain"))
        {
            let name = format!("nodename={node}");
            self.program("scontrol", &["update", &name, "state=resume"]);
        }
    }

    /// With signal 9, as a crash would.
    pub(crate) fn kill_controller(&mut self) {
        kill(&mut self.controller);
    }

    /// The daemon of a node alone: what it started goes on, as far as it can.
    pub(crate) fn kill_node(&mut self, node: usize) {
        kill(&mut self.nodes[node]);
    }

    /// A program of this Slurm.
    pub(crate) fn program(&self, name: &str, words: &[&str]) -> Output {
        let path = self.at("bin").join(name);
        Command::new(path).args(words).output().unwrap()
    }

    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for name in ["slurmctld.log", "n1.log", "n2.log"] {
            let log = fs::read_to_string(self.at(name)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            text += &format!(
                "{name}:\n{}\n",
                lines[lines.len().saturating_sub(15)..].join("\n")
            );
        }
        text
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        self.program("scancel", &["--quiet", "--user", &user()]);
        let start = Instant::now();
        let jobs = |slurm: &Self| !slurm.program("squeue", &["-h"]).stdout.is_empty();
        while self.controller.is_some() && jobs(self) && start.elapsed() < Duration::from_secs(8) {
            std::thread::sleep(Duration::from_millis(200));
        }
        kill(&mut self.controller);
        for node in &mut self.nodes {
            kill(node);
        }
    }
}

fn user() -> String {
    let out = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The numbers of the processes whose arguments name `text`, by /proc.
pub(crate) fn processes(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok());
        let Some(number) = number.filter(|&number| number != std::process::id()) else {
            continue;
        };
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&arguments).contains(text) {
            found.push(number);
        }
    }
    found
}
