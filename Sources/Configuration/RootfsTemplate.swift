/// The definitions that ship, the same as in the folder `rootfs` of the sources, where a test looks.
enum RootfsTemplate {
    static let minimal = """
        # A small Debian: a shell and the usual commands, apt, nothing more. altp rootfs build minimal makes it.
        description: Debian's required packages
        build:
          # suite: bookworm          # the host's own unless given
          # mirror: URL              # the host's own apt sources unless given
          variant: minbase           # essential | apt | minbase | standard, as mmdebstrap has them

        """

    static let pythonGeo = """
        # Python with what geodata needs, as the Landsat example does. altp rootfs build python-geo makes it.
        description: Python 3 with NumPy, rasterio and GDAL
        build:
          variant: minbase
          packages: [python3, python3-numpy, python3-rasterio, gdal-bin, ca-certificates, tzdata]

        """
}
