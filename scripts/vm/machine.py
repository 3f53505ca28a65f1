"""A virtual machine with Debian's own kernel, in software emulation, that sees this host's files.

The guest's root is this host's, read-only by virtiofs, under a layer in the guest's memory. What it runs is a script for
bash, as root; its output is read line by line, its exit status is carried out.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent
CACHE = PACKAGE / ".build" / "vm"
KERNEL_PACKAGE = "linux-image-cloud-amd64"
# What the initramfs needs to see this host's files; all others are loaded when they are asked for, as on any host.
DRIVERS = ["virtio_pci", "virtio_blk", "virtio_console", "virtiofs", "overlay"]
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"


class MachineError(Exception):
    pass


def run(*command, **options):
    """What a command prints; its failure is an error with what it said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise MachineError(f"{' '.join(map(str, command))}: status {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


@contextlib.contextmanager
def workplace(name, keep=lambda: False):
    """An empty folder for one run of the suite of this name, removed at its end unless it is to be kept.

    A second run of the suite ends at once. SIGTERM ends the machine and clears up, as an interruption does.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another run of {name} has the virtual machine of this package")
        folder = CACHE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            yield folder
        except KeyboardInterrupt:
            sys.exit(130)
        except MachineError as error:
            print(f"== FAILED: {error}", file=sys.stderr)
            sys.exit(1)
        finally:
            if not keep():
                shutil.rmtree(folder, ignore_errors=True)


def disk(folder, name, size):
    """An image that takes no room until it is written to."""
    with open(folder / name, "wb") as image:
        image.truncate(size)
    return name


def newest_kernel():
    """The newest cloud kernel that apt knows, unpacked in the cache: the folder, and the kernel's release.

    Nothing is installed: a kernel's package would have this host make initramfs files and a boot menu.
    """
    described = run("apt-cache", "show", "--no-all-versions", KERNEL_PACKAGE)
    found = re.search(r"^Depends: (linux-image-(\S+)) \(= ([^)]+)\)", described, re.MULTILINE)
    if not found:
        raise MachineError(f"apt-cache show {KERNEL_PACKAGE} names no kernel")
    package, release, version = found.groups()
    folder = CACHE / f"{package}_{version}"
    if folder.is_dir():
        return folder, release
    print(f"Fetching {package} {version}", flush=True)
    work = CACHE / "unpacking"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # apt's own user cannot write here, and apt says so at length.
    run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", f"{package}={version}", cwd=work)
    (archive,) = work.glob("*.deb")
    run("dpkg-deb", "-x", archive, work)
    archive.unlink()
    run("depmod", "-b", work, release)
    for former in CACHE.glob("linux-image-*"):
        shutil.rmtree(former)
    work.rename(folder)
    return folder, release


def kernel():
    """The kernel's file, its folder of modules, and the drivers in the order in which they can be loaded."""
    with open(CACHE / "kernel.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            folder, release = newest_kernel()
        except MachineError:
            # Perhaps the lists of packages are old, or were never fetched.
            run("apt-get", "update", "-q")
            folder, release = newest_kernel()
    drivers = []
    for name in DRIVERS:
        for line in run("modprobe", "-d", folder, "-S", release, "--show-depends", name).splitlines():
            kind, _, path = line.partition(" ")
            path = path.strip()
            if kind == "insmod" and path not in drivers:
                drivers.append(path)
    return folder / "boot" / f"vmlinuz-{release}", folder / "lib" / "modules" / release, drivers


def initramfs(folder, modules, drivers, script, systemd):
    """The first root: busybox, the drivers, the script, and whether systemd is to run it."""
    root = folder / "initramfs"
    (root / "bin").mkdir(parents=True)
    (root / "drivers").mkdir()
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    shutil.copy(HERE / "guest-init", root / "init")
    (root / "init").chmod(0o755)
    (root / "script").write_text(script)
    if systemd:
        (root / "systemd").touch()
    (root / "modules").symlink_to(modules)
    for path in drivers:
        shutil.copy(path, root / "drivers")
    (root / "drivers" / "order").write_text("".join(f"{pathlib.Path(path).name}\n" for path in drivers))
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    archive = folder / "initramfs.cpio"
    run("cpio", "--quiet", "-o", "-H", "newc", "-F", archive, input=names, cwd=root)
    return archive


def server(descriptor):
    """The command that serves this host's root file system, and those of the package and of Swift, as one tree.

    It is read-only, and mounted in the server's own namespace alone: nobody who clears up can take it for a copy.
    """
    swift = pathlib.Path(shutil.which("swift") or "/").resolve().parent.parent
    served = """
        set -e
        program=$1 descriptor=$2; shift 2
        mount --bind / /mnt
        for path; do mount --bind "$path" "/mnt$path"; mount -o remount,bind,ro "/mnt$path"; done
        mount -o remount,bind,ro /mnt
        exec "$program" --fd="$descriptor" -o source=/mnt -o cache=always -o log_level=err
        """
    return ["unshare", "--mount", "/bin/sh", "-c", served, "sh", VIRTIOFSD, descriptor, swift, PACKAGE]


class Guest:
    """A machine from its start to its end. In `with`, so that it ends with the block."""

    def __init__(self, folder, script, disks=(), memory="3G", processors=2, systemd=False):
        """
        folder: an empty folder for the machine's files; `script`: what bash runs in it.
        disks: image files, /dev/vda and so on in the guest; with what options qemu opens them may follow a comma.
        systemd: the script is a service of systemd, which is then the first process; else it is the first itself.
        """
        self.folder = pathlib.Path(folder)
        self.processes = []
        for program in ["qemu-system-x86_64", VIRTIOFSD, "cpio", "depmod", "modprobe", "/bin/busybox"]:
            if not shutil.which(program):
                raise MachineError(f"{program} is missing. Run make packages as root, and try again")
        image, modules, drivers = kernel()
        archive = initramfs(self.folder, modules, drivers, script, systemd)
        self.console = self.folder / "console"
        self.status_file = self.folder / "status"
        with self._listen("virtiofs") as channel:
            self._start(*server(channel.fileno()), log="virtiofsd.log", passed=[channel.fileno()])
        drives = []
        for disk in disks:
            drives += ["-drive", f"if=virtio,format=raw,file={disk}"]
        self.qemu = self._start(
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            # Five levels of page tables would only be slower.
            "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", str(processors),
            "-m", memory, "-object", f"memory-backend-memfd,id=memory,size={memory},share=on",
            "-numa", "node,memdev=memory",
            "-kernel", image, "-initrd", archive,
            "-append", "console=ttyS0 loglevel=4 panic=-1 mitigations=off random.trust_cpu=on",
            "-serial", f"file:{self.console}",
            "-chardev", "socket,id=virtiofs,path=virtiofs", "-device", "vhost-user-fs-pci,chardev=virtiofs,tag=host",
            "-device", "virtio-serial-pci",
            "-chardev", "file,id=output,path=/dev/stdout", "-device", "virtserialport,chardev=output,name=output",
            "-chardev", f"file,id=status,path={self.status_file}", "-device", "virtserialport,chardev=status,name=status",
            "-device", "virtio-rng-pci", *drives, log="qemu.log", stdout=subprocess.PIPE)

    def _start(self, *command, log, stdout=None, passed=()):
        # However this process ends, none of the machine's outlives it.
        command = ["setpriv", "--pdeathsig", "KILL", *map(str, command)]
        with open(self.folder / log, "wb") as errors:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout or errors, stderr=errors,
                cwd=self.folder, pass_fds=passed, start_new_session=True)
        self.processes.append(process)
        return process

    def _listen(self, name):
        """A socket in the folder, by a way that is short enough for a socket's address wherever the folder is."""
        folder = os.open(self.folder, os.O_DIRECTORY)
        try:
            channel = socket.socket(socket.AF_UNIX)
            channel.bind(f"/proc/self/fd/{folder}/{name}")
            channel.listen(1)
            return channel
        finally:
            os.close(folder)

    def run(self, seconds, show=print):
        """The script's exit status; each line of its output is shown as it comes.

        A machine that fails is an error that tells the last that its parts said.
        """
        try:
            for line in self.lines(seconds):
                show(line)
            return self.status()
        except MachineError as error:
            raise MachineError(f"{error}\n{self.ends()}") from None

    def lines(self, seconds):
        """The script's output, line by line, to its end. A machine that runs longer than so many seconds is an error."""
        end = time.monotonic() + seconds
        rest = b""
        while True:
            ready, _, _ = select.select([self.qemu.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise MachineError(f"the machine still ran after {seconds} s")
            chunk = os.read(self.qemu.stdout.fileno(), 65536)
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")
            if not chunk:
                if rest:
                    yield rest.decode(errors="replace")
                return

    def status(self):
        """The script's exit status, once its output has ended."""
        self.qemu.wait(10)
        text = self.status_file.read_text().strip() if self.status_file.exists() else ""
        if not text.isdigit():
            raise MachineError("the machine ended before its script did")
        return int(text)

    def ends(self, lines=40):
        """The last that the machine's parts said, for a person who looks for what went wrong."""
        texts = []
        for path in [self.folder / "virtiofsd.log", self.folder / "qemu.log", self.console]:
            if path.exists() and (text := path.read_text(errors="replace").strip()):
                texts.append(f"the end of {path.name}:\n" + "\n".join(text.splitlines()[-lines:]))
        return "\n".join(texts) or "its parts said nothing"

    def cut(self):
        """Ends the machine at once, as a power cut does."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
