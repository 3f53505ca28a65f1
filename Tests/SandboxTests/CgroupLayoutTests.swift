import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct CgroupLayoutTests {
    static let v1Mounts = """
        27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        """
    static let v2Mount = "41 31 0:38 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"

    @Test func takesTheUnifiedHierarchyWhenItHasTheControllers() throws {
        let layout = try CgroupLayout.read(mounts: Self.v2Mount, own: "0::/system.slice/altp.service\n") { mount in
            mount == "/sys/fs/cgroup" ? "cpuset cpu io memory hugetlb pids\n" : ""
        }.get()
        #expect(layout.version == .v2)
        #expect(Set(layout.parents.values) == ["/sys/fs/cgroup"])
        #expect(layout.ioParent == "/sys/fs/cgroup")
    }

    @Test func takesVersion1WhereTheUnifiedHierarchyIsEmpty() throws {
        let mounts = Self.v1Mounts + "\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
        let own = "4:memory:/service/7\n3:pids:/\n2:cpu,cpuacct:/user.slice\n0::/\n"
        let layout = try CgroupLayout.read(mounts: mounts, own: own) { _ in "hugetlb\n" }.get()
        #expect(layout.version == .v1)
        #expect(
            layout.parents == [
                .cpu: "/sys/fs/cgroup/cpu,cpuacct/user.slice", .cpuacct: "/sys/fs/cgroup/cpu,cpuacct/user.slice",
                .memory: "/sys/fs/cgroup/memory/service/7", .pids: "/sys/fs/cgroup/pids",
            ])
        #expect(layout.ioParent == nil)
        let blkio = mounts + "\n42 31 0:39 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio"
        let more = try CgroupLayout.read(mounts: blkio, own: own + "5:blkio:/service\n") { _ in "" }.get()
        #expect(more.ioParent == "/sys/fs/cgroup/blkio/service")
        #expect(more.parents == layout.parents)
    }

    @Test(arguments: [("254:0\n", 254, 0), ("8:16", 8, 16)])
    func readsADisksNumbers(_ text: String, _ major: UInt32, _ minor: UInt32) {
        let device = DeviceNumber(text: text)
        #expect(device?.major == major && device?.minor == minor)
    }

    @Test(arguments: ["", "8", "8:", "8:0:1", "-1:0", "a:b"])
    func takesNothingElseForADisk(_ text: String) { #expect(DeviceNumber(text: text) == nil) }

    /// As makedev(3) of glibc puts them together.
    @Test(arguments: [(0xfe00, 254, 0), (0x810, 8, 16), (0x6783459a, 0x345, 0x6789a)])
    func takesADevicesNumberApart(_ number: UInt64, _ major: UInt32, _ minor: UInt32) {
        let device = DeviceNumber(number)
        #expect(device.major == major && device.minor == minor)
    }

    @Test func namesTheMissingControllers() {
        let mounts = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
        let result = CgroupLayout.read(mounts: mounts, own: "") { _ in "" }
        #expect(throws: MissingControllers(controllers: ["cpu", "cpuacct", "pids"])) { try result.get() }
    }
}
