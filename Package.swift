// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// No shared library at all: these run inside a sandbox, whose root file system may hold other libraries or none.
let standalone: [LinkerSetting] = [.unsafeFlags(["-static-executable", "-Xlinker", "--gc-sections"])]
/// Hosts run the executables without a Swift toolchain.
let staticRuntime: [LinkerSetting] = [.unsafeFlags(["-static-stdlib", "-Xlinker", "--gc-sections"])]
/// What the static FoundationEssentials needs and only modules compiled with `-static-stdlib` would name;
/// they cannot be, because the tests link the same modules with the shared runtime, the only one that has Testing.
let staticFoundation: [LinkerSetting] = [
    .linkedLibrary("_FoundationCShims"), .linkedLibrary("_FoundationCollections"),
    .linkedLibrary("swiftSynchronization"),
]
/// See CQuietDispatch.h.
let quietDispatch: [LinkerSetting] = [
    .unsafeFlags(["register", "unregister"].flatMap { ["-Xlinker", "--wrap=_dispatch_workq_worker_\($0)"] })
]

/// What the Launcher waits for goes on where it was asked for, and not by way of the common pool, whose threads would be woken
/// for it: several times for each attempt.
let onCallersActor: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

func module(_ name: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// With ALTP_SANITIZED the package has no executable, for the sanitizers' libraries cannot be linked statically: `tests`
/// leaves the unit tests (scripts/test-sanitizers), `fuzz` what feeds the readers (scripts/fuzz).
let sanitized = Context.environment["ALTP_SANITIZED"]

let package = Package(
    name: "alt-processing",
    products: [
        .executable(name: "altp", targets: ["altp"]),
        .executable(name: "altp-connect", targets: ["altp-connect"]),
        .executable(name: "altp-init", targets: ["altp-init"]),
        .executable(name: "altp-launcher", targets: ["altp-launcher"]),
    ],
    targets: [
        .target(name: "CCurl"),
        .target(name: "CLinux"),
        .target(name: "CQuietDispatch"),
        .systemLibrary(name: "CCap"),
        .systemLibrary(name: "CSeccomp"),
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CYAML"),
        .systemLibrary(name: "CMicroHTTPD"),
        .systemLibrary(name: "CNettle"),
        .systemLibrary(name: "CGnuTLS"),

        module("Linux", ["CLinux"]),
        module("Configuration", ["CYAML", "CCap"]),
        module("SandboxPlan", []),
        module("Sandbox", ["Configuration", "SandboxPlan", "Linux", "CLinux", "CSeccomp", "CNettle"], onCallersActor),
        module("Store", ["CSQLite"], onCallersActor),
        module("Launcher", ["Store", "Sandbox", "Configuration", "Linux"], onCallersActor),
        module("Wire", []),
        module("Delivery", ["Store", "Configuration", "Linux", "CLinux", "CCurl", "CNettle"]),
        module("WebSocket", ["CNettle"]),
        module("Command", ["Wire", "WebSocket", "Configuration", "Linux", "CLinux"]),
        module(
            "API",
            [
                "Launcher", "Store", "Configuration", "Wire", "WebSocket", "Delivery", "Linux", "CLinux", "CNettle",
                "CMicroHTTPD",
            ]),
        .executableTarget(
            name: "altp-init", dependencies: ["SandboxPlan", "Linux", "CLinux"],
            swiftSettings: swiftSettings, linkerSettings: standalone),
        .executableTarget(
            name: "altp-launcher",
            dependencies: [
                "API", "Launcher", "Store", "Delivery", "Sandbox", "Configuration", "Linux", "CLinux", "CQuietDispatch",
            ],
            swiftSettings: swiftSettings, linkerSettings: staticRuntime + staticFoundation + quietDispatch),
        .executableTarget(
            name: "altp-connect", dependencies: ["CGnuTLS"], swiftSettings: swiftSettings, linkerSettings: staticRuntime
        ),
        .executableTarget(
            name: "altp", dependencies: ["Command", "Wire", "Sandbox", "Configuration", "Linux", "CLinux"],
            swiftSettings: swiftSettings, linkerSettings: standalone + staticFoundation),

        .executableTarget(
            name: "altp-bench", dependencies: ["Sandbox", "Configuration", "Linux"],
            path: "Benchmarks/SandboxBenchmark",
            swiftSettings: swiftSettings, linkerSettings: staticRuntime + staticFoundation),

        tests("LinuxTests", ["Linux"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("SandboxPlanTests", ["SandboxPlan"]),
        tests("SandboxTests", ["Sandbox", "Configuration", "SandboxPlan", "Linux", "CLinux"]),
        tests("StoreTests", ["Store"]),
        tests("WebSocketTests", ["WebSocket"]),
        tests("DeliveryTests", ["Delivery", "Store", "Configuration"]),
        tests("LauncherTests", ["Launcher", "Configuration", "Store", "Sandbox"]),
        tests(
            "APITests",
            ["API", "Wire", "WebSocket", "Delivery", "Configuration", "Launcher", "Sandbox", "Store", "Linux"]),
        tests("CommandTests", ["Command", "Configuration", "Wire"]),
        tests("EndToEnd", ["Wire"]),
    ]
)

if sanitized != nil {
    package.products = []
    package.targets.removeAll { $0.type == .executable || $0.name == "EndToEnd" }
}
if sanitized == "fuzz" {
    package.targets.removeAll { $0.type == .test }
    package.targets.append(
        .executableTarget(
            name: "altp-fuzz",
            dependencies: [
                "API", "Command", "Configuration", "Launcher", "Sandbox", "SandboxPlan", "WebSocket", "Wire",
            ],
            path: "Fuzz/Fuzzing", swiftSettings: swiftSettings))
}
