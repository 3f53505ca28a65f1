import CSeccomp

/// A table of system calls, by its OCI name: `SCMP_ARCH_X86`.
struct Architecture: Sendable, Hashable {
    let name: String

    /// Nil for what is no architecture that OCI runtimes know.
    init?(_ name: String) {
        guard Self.names.contains(name) else { return nil }
        self.name = name
    }

    private static let names: Set<String> = Set(
        [
            "X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64",
            "MIPSEL64N32",
            "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64", "LOONGARCH64", "M68K", "SH",
            "SHEB",
        ].map { "SCMP_ARCH_\($0)" })

    /// libseccomp's token; 0 when this libseccomp does not know it.
    var token: UInt32 { seccomp_arch_resolve_name(String(name.dropFirst("SCMP_ARCH_".count)).lowercased()) }

    static let native = seccomp_arch_native()

    /// Bit 30 of a call's number on x86-64: the x32 table.
    static let x32Bit: Int32 = 0x4000_0000
    /// `__AUDIT_ARCH_64BIT`, which the token of x32 lacks; the kernel reports x32 calls as x86-64's.
    static let wideBit: UInt32 = 0x4000_0000

    /// The names that `includes.arches` gives this machine: Go's, and the kernel's.
    static var ownNames: Set<String> {
        #if arch(x86_64)
            ["amd64", "x86_64"]
        #else
            ["arm64", "aarch64"]
        #endif
    }

    /// The other tables that this machine's kernel can be called by.
    static var companions: Set<String> {
        #if arch(x86_64)
            ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]
        #else
            ["SCMP_ARCH_ARM"]
        #endif
    }

    static var nativeName: String {
        #if arch(x86_64)
            "SCMP_ARCH_X86_64"
        #else
            "SCMP_ARCH_AARCH64"
        #endif
    }

    /// The newest call of Linux 5.0, after which all tables count on from 403 alike. No profile is taken to be older.
    static func oldestNewest(_ token: UInt32) -> Int32 {
        #if arch(x86_64)
            token == native || token == native & ~wideBit ? 334 : 386
        #else
            token == native ? 293 : 398
        #endif
    }
}
