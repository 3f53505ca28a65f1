/// The version that the daemon and the command were built as.
package enum ProductVersion {
    package static let current = "0.1.0"
}
