import Custody
import Foundation
import Testing

@testable import Web

@Suite("Forms", .timeLimit(.minutes(30)))
struct FormTests {
    private static func file(_ content: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n\(content)\r\n"
    }
    private static let metadata = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"title\":\"Giấy khen\"}\r\n"

    @Test("What stands around the parts of a form has a limit, in whatever pieces it comes", arguments: [1, 1000, 100_000])
    func around(piece: Int) throws {
        func isTaken(before: Int, behind: Int) throws -> Bool {
            var reader = try MultipartReader(boundary: "b")
            let (first, last) = (String(repeating: "x", count: before), String(repeating: "y", count: behind))
            let body = Array((first + "\r\n" + Self.file("abc") + "--b--" + last).utf8)
            var content: [UInt8] = []
            do {
                for start in stride(from: 0, to: body.count, by: piece) {
                    for case .bytes(let bytes) in try reader.read(Array(body[start..<min(start + piece, body.count)])) { content += bytes }
                }
            } catch { return false }
            #expect(content == Array("abc".utf8))
            return reader.isComplete
        }
        #expect(try isTaken(before: 8_000, behind: 8_000))
        #expect(try !isTaken(before: 9_000, behind: 0))
        #expect(try !isTaken(before: 0, behind: 9_000))
    }

    @Test(
        "A part has the bytes that were sent, wherever the pieces end", arguments: ["", "a", "\r\n", "\r\n--", "\r\n\r\n--c\r\n", "--c", "\r\r\n-"])
    func pieces(content: String) throws {
        let body = Array((Self.file(content) + Self.file("") + "--b--\r\n").utf8)
        for piece in 1...body.count {
            var reader = try MultipartReader(boundary: "b")
            var parts: [[UInt8]] = []
            for start in stride(from: 0, to: body.count, by: piece) {
                for event in try reader.read(Array(body[start..<min(start + piece, body.count)])) {
                    switch event {
                    case .begins: parts.append([])
                    case .bytes(let bytes): parts[parts.count - 1] += bytes
                    case .ends: continue  // because the next thing tells
                    }
                }
            }
            #expect(parts == [Array(content.utf8), []], "in pieces of \(piece)")
            #expect(reader.isComplete)
        }
    }

    @Test("A form declares no more often than it may have files, and is as a whole no larger than a file may be")
    func limits() async throws {
        try await ServerUnderTest.run { server in
            let fields = ["Content-Type": "multipart/form-data; boundary=b"]
            func post(_ body: String) async throws -> Received {
                try await server.ask("POST", "/api/v1/evidence", fields, body: Array((body + "--b--\r\n").utf8))
            }
            #expect(try await post(String(repeating: Self.metadata, count: 20) + Self.file("abc")).status == 201)
            let many = try await post(String(repeating: Self.metadata, count: 21) + Self.file("abc"))
            #expect(many.status == 422 && many.text.contains("at most 20 parts metadata"), "\(many.text)")
            let size = UploadLimits().size + (3 << 20)
            let answer = try await server.raw(
                "POST /api/v1/evidence HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n"
                    + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: \(size)\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("A bundle that cannot be made now is told as such")
    func bundles() {
        #expect(Problem(of: BundleError.busy).status == 503)
        #expect(Problem(of: BundleError.busy).fields["retry-after"] != nil)
        #expect(Problem(of: BundleError.tooLittleSpace(free: 1, needed: 2)).status == 507)
    }
}
