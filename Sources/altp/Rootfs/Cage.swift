/// Where a tool reads what anybody may have made.
enum Cage {
    /// Runs the rest of its arguments where nothing of the host is but `/usr`, read-only, the image, read-only, and the folder
    /// to fill; with these capabilities, and without a network.
    static let script = """
        set -e
        cage=$1 image=$2 work=$3 capabilities=$4
        shift 4
        mount -t tmpfs -o nosuid,nodev,mode=755,size=1m tmpfs "$cage"
        cd "$cage"
        mkdir usr proc tmp var in work
        ln -s /work/tmp var/tmp
        for name in bin sbin lib lib32 lib64 libx32; do
            if [ -L "/$name" ]; then
                ln -s "$(readlink "/$name")" "$name"
            elif [ -d "/$name" ]; then
                mkdir "$name"
                mount --bind -o ro,nosuid,nodev "/$name" "$name"
            fi
        done
        mount --bind -o ro,nosuid,nodev /usr usr
        if [ -d "$image" ]; then mkdir in/image; else : >in/image; fi
        mount --bind -o ro,nosuid,nodev "$image" in/image
        mount --bind -o nosuid,nodev "$work" work
        mount -t proc -o ro,nosuid,nodev,noexec proc proc
        exec chroot . /usr/bin/setpriv --no-new-privs \
            --bounding-set="$capabilities" "$@"
        """

    /// What writing files with their owners and modes takes.
    static let unpacking = "-all,+chown,+dac_override,+fowner,+fsetid,+setfcap"
}
