import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Synchronization
import Testing

@testable import Web

@Suite("Evidence over HTTP", .timeLimit(.minutes(30)))
struct EvidenceTests {
    /// Two whole pieces and a part of a third, all different.
    static let large: [UInt8] = (0..<(2 << 20) + 1234).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12) }

    /// Deposits bytes under a name.
    static func deposit(_ bytes: [UInt8], _ name: String, in server: ServerUnderTest, extracts: Bool = false, title: String? = nil) async throws -> (
        EvidenceID, Digest
    ) {
        let file = "\(server.folder)/\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let found = Mutex<(EvidenceID, Digest)?>(nil)
        _ = try await server.archive.deposit(
            [DepositSource(path: Array(file.utf8), metadata: EvidenceMetadata(title: title, fileName: name))], by: console, extracts: extracts
        ) { event in
            if case .deposited(_, let item, let object, _) = event { found.withLock { $0 = (item, object.digest) } }
        }
        return try #require(found.withLock { $0 })
    }

    @Test("An item's bytes come whole, with their digest as ETag, to be saved and never to be shown")
    func wholeContent() async throws {
        try await ServerUnderTest.run { server in
            let (item, digest) = try await Self.deposit(Self.large, "giấy \u{202E}chứng nhận.pdf", in: server)
            let answer = try await server.ask("GET", "/api/v1/evidence/\(item)/content")
            #expect(answer.status == 200)
            #expect(answer.body == Self.large)
            #expect(answer.fields["etag"] == "\"\(digest.hex)\"")
            #expect(answer.fields["accept-ranges"] == "bytes")
            #expect(answer.fields["content-length"] == "\(Self.large.count)")
            #expect(answer.fields["content-type"] == "application/octet-stream")
            #expect(
                answer.fields["content-disposition"]?.hasPrefix("attachment; filename=\"gi_y ch_ng nh_n.pdf\"; filename*=UTF-8''gi%E1%BA%A5y%20ch")
                    == true)
            try RequestTests.expectProtected(answer)

            let head = try await server.ask("HEAD", "/api/v1/evidence/\(item)/content")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            for field in ["etag", "content-length", "content-type", "content-disposition"] { #expect(head.fields[field] == answer.fields[field]) }

            for tag in ["\"\(digest.hex)\"", "W/\"\(digest.hex)\"", "\"x\", \"\(digest.hex)\"", "*"] {
                let known = try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["If-None-Match": tag])
                #expect(known.status == 304, "\(tag)")
                #expect(known.fields["etag"] == "\"\(digest.hex)\"")
            }
            #expect(try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["If-None-Match": "\"x\""]).status == 200)
        }
    }

    @Test("A range is the same bytes, and costs only the pieces that it touches")
    func ranges() async throws {
        try await ServerUnderTest.run { server in
            let (item, digest) = try await Self.deposit(Self.large, "large.bin", in: server)
            let (size, piece) = (Self.large.count, 1 << 20)
            let table: [(String, Range<Int>?)] = [
                ("bytes=0-0", 0..<1), ("bytes=0-", 0..<size), ("bytes=\(piece - 1)-\(piece)", piece - 1..<piece + 1),
                ("bytes=\(piece)-\(2 * piece - 1)", piece..<2 * piece), ("bytes=100-\(2 * piece + 99)", 100..<2 * piece + 100),
                ("bytes=-1", size - 1..<size), ("bytes=-\(size + 5)", 0..<size), ("bytes=\(size - 1)-\(size + 99)", size - 1..<size),
                ("bytes=\(size)-", nil), ("bytes=-0", nil),
            ]
            for (text, range) in table {
                let answer = try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["Range": text])
                guard let range else {
                    #expect(answer.status == 416, "\(text)")
                    #expect(answer.fields["content-range"] == "bytes */\(size)")
                    continue
                }
                #expect(answer.status == 206, "\(text)")
                #expect(answer.fields["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
                #expect(answer.body == Array(Self.large[range]), "\(text)")
            }
            // Of another state of the bytes, the whole.
            #expect(try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["Range": "bytes=0-0", "If-Range": "\"x\""]).body == Self.large)
            let same = try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["Range": "bytes=0-0", "If-Range": "\"\(digest.hex)\""])
            #expect(same.status == 206)
        }
    }

    @Test("A damaged piece is never sent: before the answer it is told, in the middle the answer breaks off; other pieces are served")
    func damage() async throws {
        try await ServerUnderTest.run { server in
            let (item, digest) = try await Self.deposit(Self.large, "large.bin", in: server)
            let path = "\(server.folder)/archive/objects/sha256/\(digest.hex.prefix(2))/\(digest.hex)"
            try #require(chmod(path, 0o600) == 0)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seek(toOffset: 1 << 20 + 5)
            try file.write(contentsOf: Data([1, 2, 3]))
            try file.close()
            let piece = 1 << 20
            func ask(_ range: String) async throws -> Received { try await server.ask("GET", "/api/v1/evidence/\(item)/content", ["Range": range]) }
            let damaged = try await ask("bytes=\(piece + 100_000)-\(piece + 100_001)")
            #expect(damaged.status == 500)
            #expect(try RequestTests.problem(damaged)["type"] as? String == "/problems/damaged")
            #expect(try await ask("bytes=0-\(piece - 1)").body == Array(Self.large[0..<piece]))
            #expect(try await ask("bytes=\(2 * piece)-").body == Array(Self.large[(2 * piece)...]))
            let port = server.port
            let raw = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(
                    "GET /api/v1/evidence/\(item)/content HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n\r\n")
                return try connection.receiveAll()
            }
            #expect(raw.starts(with: Array("HTTP/1.1 200 ".utf8)))
            #expect((piece..<piece + 4096).contains(raw.count), "it breaks off behind the first piece: \(raw.count)")
            #expect(server.log.contains { $0.contains("an answer broke off") })
        }
    }

    @Test("Lists and searches come in pages that have everything once")
    func pages() async throws {
        try await ServerUnderTest.run { server in
            var expected: [String] = []
            for number in 0..<7 {
                let (item, _) = try await Self.deposit(
                    Array("Giấy chứng nhận số \(number) của Trần Thị Thí Dụ".utf8), "\(number).txt", in: server, extracts: true,
                    title: "Giấy \(number)")
                expected.insert(item.text, at: 0)
            }
            for path in ["/api/v1/evidence?limit=3", "/api/v1/evidence/search?q=chung%20nhan&limit=3", "/api/v1/evidence?limit=3&kind=other"] {
                var (found, cursor): ([String], String?) = ([], nil)
                repeat {
                    let answer = try await server.ask("GET", path + (cursor.map { "&cursor=\($0)" } ?? ""))
                    #expect(answer.status == 200, "\(answer.text)")
                    let page = try answer.json()
                    let items = try #require(page["items"] as? [[String: Any]])
                    #expect(items.count <= 3)
                    found += items.compactMap { $0["item"] as? String }
                    cursor = page["next"] as? String
                    if path.contains("search") { #expect(page["count"] as? Int == 7) }
                } while cursor != nil && found.count < 20
                #expect(found == expected, "\(path)")
            }
            let item = try await server.ask("GET", "/api/v1/evidence/\(expected[0])").json()
            #expect((item["metadata"] as? [String: Any])?["title"] as? String == "Giấy 6")
            #expect(item["extraction"] != nil)
            let text = try await server.ask("GET", "/api/v1/evidence/\(expected[0])/content")
            #expect(text.fields["content-type"] == "text/plain")
        }
    }

    @Test("What is shown over HTTP is in the access log, under the account that asked")
    func accessLog() async throws {
        try await ServerUnderTest.run { server in
            let (item, _) = try await Self.deposit(Array("x".utf8), "x.txt", in: server)
            for path in ["/api/v1/evidence", "/api/v1/evidence/\(item)", "/api/v1/evidence/\(item)/content"] {
                #expect(try await server.ask("GET", path).status == 200)
            }
            let accesses = try await server.archive.accesses(about: item.text, by: console)
            #expect(accesses.map(\.kind) == ["evidence.exported", "evidence.viewed", "evidence.listed"])
            #expect(accesses.allSatisfy { $0.actor.account == "console:writer" })
        }
    }
}
