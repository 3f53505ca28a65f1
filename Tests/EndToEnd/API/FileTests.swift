import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Files of what an attempt left, on each kind of disk.
    @Suite struct FileTests {
        private static let task = """
            policy: own
            scripts:
              - name: work
                run: |
                  echo shared >/processing/result
                  mkdir -p half/way; printf 0123456789 >half/scene.tif; : >empty
                  ln -s /etc/passwd link; ln -s ../.. half/up; mkfifo fifo; ln -s /proc/self/root root
                  head -c 3000000 /dev/zero | tr '\\0' x >large
                  echo x >"$(printf 'a\\033\\377')"; chmod 0 half/way
                  for i in $(seq 1 60); do : >half/n$i; done
                  exit 1
            """

        private static func files(_ limits: String) -> [String: String] {
            ["policies/own.yaml": "limits: {memory: 128M\(limits)}\n", "tasks/t.yaml": task]
        }

        private struct Names: Decodable {
            struct Item: Decodable {
                var name: String
            }
            var items: [Item]
        }

        private static func path(_ id: Int64) -> String { "/processings/\(id)/scripts/work/attempts/1" }

        @Test(arguments: ["", ", disk: 16M"]) func areListed(_ limits: String) throws {
            try withHost(Self.files(limits)) { host in
                let path = Self.path(try host.complete("t").id)
                let top = try host.ask("GET", "\(path)/files?path=/scratch").json(FilesView.self)
                #expect(
                    top.items.map { "\($0.kind) \($0.name) \($0.size)" } == [
                        "file a\u{1B}\u{FFFD} 2", "file empty 0", "fifo fifo 0", "directory half 0",
                        "file large 3000000",
                        "link link 0", "link root 0",
                    ])
                #expect(top.items[0].nameBase64 == "YRv/" && top.next == nil && top.cut == nil)
                #expect(top.items.allSatisfy { $0.uid == 1000 && $0.gid == 1000 })
                #expect(top.items[5].target == "/etc/passwd" && top.items[1].mode == 0o644)
                #expect(abs(top.items[1].modifiedAt.milliseconds - Int64(time(nil)) * 1000) < 60_000)
                var found: [String] = []
                var target = "\(path)/files?path=/scratch/half&limit=25&fields=name"
                while true {
                    let answer = try host.ask("GET", target)
                    found += try answer.json(Names.self).items.map(\.name)
                    guard let link = answer.headers["link"] else { break }
                    target = String(try #require(link.split(separator: ">").first).dropFirst("</api/v1".count))
                }
                #expect(found.count == 63 && Set(found).count == 63 && found == found.sorted())
                let shared = try host.ask("GET", "\(path)/files?path=/processing").json(FilesView.self)
                #expect(shared.items.map(\.name) == ["result"])
                let id = "\(path.split(separator: "/")[1])"
                let text = try host.altp("files", id)
                #expect(text.contains("a^[\u{FFFD}") && text.contains("link -> /etc/passwd"), "\(text)")
                #expect(try host.altp("cat", id, "half/scene.tif") == "0123456789")
                #expect(try host.altp("cat", "\(id)/work", "/processing/result") == "shared\n")
                let link = try host.run("cat", id, "link")
                #expect(link.status == 1 && link.errors.contains("/scratch/link is a link"), "\(link.errors)")
            }
        }

        @Test(arguments: ["", ", disk: 16M"]) func areReadInParts(_ limits: String) throws {
            try withHost(Self.files(limits)) { host in
                let path = Self.path(try host.complete("t").id)
                let file = "\(path)/file?path=/scratch/half/scene.tif"
                let whole = try host.ask("GET", file)
                let tag = try #require(whole.tag)
                #expect(whole.status == 200 && whole.text == "0123456789")
                #expect(whole.headers["content-length"] == "10" && whole.headers["accept-ranges"] == "bytes")
                #expect(whole.headers["content-type"] == "application/octet-stream")
                #expect(whole.headers["content-disposition"] == "attachment; filename*=UTF-8''scene.tif")
                func part(_ range: String, _ more: [String: String] = [:]) throws -> APIAnswer {
                    try host.ask("GET", file, more.merging(["Range": range]) { $1 })
                }
                for (range, text, name) in [
                    ("bytes=2-4", "234", "2-4"), ("bytes=-3", "789", "7-9"), ("bytes=8-", "89", "8-9"),
                    ("bytes=0-99", "0123456789", "0-9"),
                ] {
                    let answer = try part(range)
                    #expect(answer.status == 206 && answer.text == text, "\(range)")
                    #expect(answer.headers["content-range"] == "bytes \(name)/10" && answer.tag == tag)
                }
                let beyond = try part("bytes=10-")
                #expect(beyond.status == 416 && beyond.problem == "range-not-satisfiable")
                #expect(beyond.headers["content-range"] == "bytes */10")
                #expect(try part("bytes=0-1,3-4").status == 200)
                #expect(try part("bytes=2-4", ["If-Range": tag]).text == "234")
                #expect(try part("bytes=2-4", ["If-Range": "\"other\""]).text == "0123456789")
                #expect(try part("bytes=2-4", ["If-Range": "Mon, 30 Nov 2026 20:00:00 GMT"]).status == 200)
                #expect(try host.ask("GET", file, ["If-None-Match": tag]).status == 304)
                #expect(try host.ask("GET", file, ["If-Match": "\"other\""]).status == 412)
                let head = try host.ask("HEAD", file, ["Range": "bytes=2-4"])
                #expect(head.status == 200 && head.headers["content-length"] == "10" && head.body.isEmpty)
                let empty = try host.ask("GET", "\(path)/file?path=/scratch/empty")
                #expect(empty.status == 200 && empty.body.isEmpty)
                let large = try host.ask("GET", "\(path)/file?path=/scratch/large")
                #expect(large.body.count == 3_000_000 && large.body.allSatisfy { $0 == UInt8(ascii: "x") })
                let end = try host.ask("GET", "\(path)/file?path=/scratch/large", ["Range": "bytes=2999990-"])
                #expect(end.text == "xxxxxxxxxx")
                let strange = try host.ask("GET", "\(path)/file?path_base64=L3NjcmF0Y2gvYRv/")
                #expect(strange.text == "x\n")
                #expect(strange.headers["content-disposition"] == "attachment; filename*=UTF-8''a%1B%EF%BF%BD")
                // Nothing holds it any more: it can be rerun.
                let id = path.split(separator: "/")[1]
                _ = try eventually("it can be rerun") {
                    try host.ask("POST", "/processings/\(id)/release").status == 200 ? true : nil
                }
            }
        }

        @Test(arguments: ["", ", disk: 16M"]) func nothingElseIsRead(_ limits: String) throws {
            try withHost(Self.files(limits)) { host in
                let path = Self.path(try host.complete("t").id)
                for (file, status, words) in [
                    ("/scratch/link", 409, "is a link"), ("/scratch/root/etc/passwd", 409, "symbolic link"),
                    ("/scratch/half/up/secret", 409, "symbolic link"), ("/scratch/fifo", 409, "is a fifo"),
                    ("/scratch/half", 409, "is a directory"), ("/scratch/none", 404, "There is no /scratch/none"),
                    ("/scratch/../etc/passwd", 400, "without . and .."), ("/etc/passwd", 404, "the host's own"),
                    ("scratch", 400, "must be absolute"), ("/processing/none", 404, "There is no"),
                    ("/scratch/half/way/x", 404, "There is no"),
                ] {
                    let answer = try host.ask("GET", "\(path)/file?path=\(file)")
                    #expect(answer.status == status && answer.text.contains(words), "\(file): \(answer.text)")
                }
                for (list, status) in [
                    ("/scratch/empty", 409), ("/scratch/link", 409), ("/scratch/fifo", 409), ("/scratch/half/up", 409),
                    ("/nowhere", 404),
                ] {
                    #expect(try host.ask("GET", "\(path)/files?path=\(list)").status == status, "\(list)")
                }
                #expect(try host.ask("GET", "\(path)/files").text.contains("is missing; it is a path"))
                #expect(try host.ask("GET", "/processings/9/scripts/work/attempts/1/files?path=/scratch").status == 404)
            }
        }

        @Test func ofARootfsWhatWasWritten() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            try tree.write("open/theirs", "of the image\n", owner: 1000)
            try tree.write("open/gone", "of the image\n", owner: 1000)
            #expect(chown("\(tree.path)/open", 1000, 1000) == 0)
            try withHost([
                "rootfs/small.yaml": "directory: \(tree.path)\n",
                "policies/own.yaml": "rootfs: small\nlimits: {memory: 128M}\n",
                "tasks/t.yaml": """
                policy: own
                scripts: [{name: work, run: 'cd /open; echo more >>theirs; echo new >new; rm gone; exit 1'}]
                """,
            ]) { host in
                let path = Self.path(try host.complete("t").id)
                let files = try host.ask("GET", "\(path)/files?path=/open").json(FilesView.self)
                #expect(files.items.map(\.name) == ["new", "theirs"])
                #expect(try host.ask("GET", "\(path)/file?path=/open/theirs").text == "of the image\nmore\n")
                #expect(try host.ask("GET", "\(path)/file?path=/open/gone").status == 404)
            }
        }
    }
}
