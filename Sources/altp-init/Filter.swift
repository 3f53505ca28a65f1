import Glibc
import SandboxPlan

/// The seccomp filter that the starter compiled, as the kernel takes it.
struct Filter {
    let program: UnsafeRawPointer
    let instructions: Int
    let flags: UInt32

    /// Maps the filter's file, which other sandboxes share, and closes it; nil when the plan has none.
    static func map(_ plan: Plan) throws(SetupFailure) -> Filter? {
        guard plan.filter.instructions > 0 else { return nil }
        let size = plan.filter.instructions * 8
        let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, filterDescriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw SetupFailure(step: "map the seccomp filter", number: errno)
        }
        close(filterDescriptor)
        return Filter(program: address, instructions: plan.filter.instructions, flags: plan.filter.flags)
    }
}
