"""What the kernel lets nobody do: load code, look into others, be replaced."""

from custody.edge.selftest.guarantee import Guarantee, Machine, NotHeld

_SECURITY = ("landlock", "lockdown", "yama", "apparmor")


def _lockdown(machine: Machine) -> str:
    modes = machine.read("sys/kernel/security/lockdown")
    if "[confidentiality]" not in modes:
        raise NotHeld(modes)
    return "confidentiality"


def _modules(machine: Machine) -> str:
    if not machine.exists("proc/modules"):
        return "a kernel without modules"
    return _value(machine, "modules_disabled", "1")


def _kexec(machine: Machine) -> str:
    if not machine.exists("proc/sys/kernel/kexec_load_disabled"):
        return "a kernel without kexec"
    return _value(machine, "kexec_load_disabled", "1")


def _tracing(machine: Machine) -> str:
    return _value(machine, "yama/ptrace_scope", "3")


def _value(machine: Machine, name: str, wanted: str) -> str:
    value = machine.read(f"proc/sys/kernel/{name}")
    if value != wanted:
        raise NotHeld(f"{name} = {value}")
    return f"{name} = {value}"


def _security(machine: Machine) -> str:
    active = machine.read("sys/kernel/security/lsm")
    if missing := [name for name in _SECURITY if name not in active.split(",")]:
        raise NotHeld(f"not active: {' '.join(missing)}")
    return active


def _entropy(machine: Machine) -> str:
    available = int(machine.read("proc/sys/kernel/random/entropy_avail"))
    if available < 256:
        raise NotHeld(f"{available} bits")
    return f"{available} bits"


GUARANTEES = (
    Guarantee("lockdown", "not even root reads or changes the kernel's memory", _lockdown),
    Guarantee("module-loading", "no module can be loaded any more", _modules),
    Guarantee("kexec", "no other kernel can be started", _kexec),
    Guarantee("tracing", "no program looks into another one", _tracing),
    Guarantee("security-modules", "Landlock, lockdown, Yama and AppArmor are active", _security),
    Guarantee("entropy", "the kernel's randomness is seeded", _entropy),
)
