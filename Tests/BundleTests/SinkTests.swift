import Foundation
import Testing

@testable import Bundle

@Suite("Writing and reading bundles")
struct SinkTests {
    enum Form: String, CaseIterable, Sendable {
        case zip, folder

        func sink(_ path: String) throws -> any BundleSink {
            switch self {
            case .zip: try ZIPWriter(path: path)
            case .folder: try FolderWriter(path: path)
            }
        }
    }

    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    @Test("What has the name already is left as it is, even when it came while we wrote", arguments: Form.allCases)
    func neverReplaces(_ form: Form) throws {
        let sink = try form.sink(workplace.path("x"))
        try sink.add("a", bytes: [1])
        try workplace.write([9], to: "x")
        #expect(throws: BundleFileError.exists(path: workplace.path("x"))) { try sink.finish() }
        #expect(throws: BundleFileError.exists(path: workplace.path("x"))) { try form.sink(workplace.path("x")) }
        #expect(try workplace.read("x") == [9])
        #expect(try workplace.names == ["x"])
    }

    @Test("Nothing stays after discard, nor when nobody finished", arguments: Form.allCases)
    func discards(_ form: Form) throws {
        do {
            let sink = try form.sink(workplace.path("x"))
            try sink.add("a/b/c", bytes: [1])
            try sink.add("a/d", bytes: [2])
            #expect(try workplace.names.count == 1)
            sink.discard()
            #expect(try workplace.names.isEmpty)
            #expect(throws: BundleFileError.closed(path: workplace.path("x"))) { try sink.add("b", bytes: []) }
            let forgotten = try form.sink(workplace.path("y"))
            try forgotten.add("a/b", bytes: [1])
        }
        #expect(try workplace.names.isEmpty)
        let done = try form.sink(workplace.path("z"))
        try done.add("a", bytes: [1])
        try done.finish()
        done.discard()
        #expect(try workplace.names == ["z"])
    }

    @Test(
        "A body that gives another number of bytes than announced is refused, and so is everything after it",
        arguments: Form.allCases, [Int64(-1), 0, 2, 4, 5000])
    func wrongSize(_ form: Form, _ size: Int64) throws {
        let sink = try form.sink(workplace.path("x"))
        #expect(throws: BundleFileError.self) {
            try sink.add("a", size: size) { write in try [UInt8](repeating: 1, count: 3).withUnsafeBytes { try write($0) } }
        }
        #expect(throws: BundleFileError.closed(path: workplace.path("x"))) { try sink.finish() }
        #expect(try workplace.names.isEmpty)
    }

    static let unfit = [
        "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "á", "a\\b", "a:b", "a\n", "a\0b", "~%",
        String(repeating: "a", count: 256), Array(repeating: "abcdefghi", count: 103).joined(separator: "/"),
        Array(repeating: "a", count: 33).joined(separator: "/"),
    ]

    @Test("Names with other characters, parents or excessive length are refused", arguments: Form.allCases, unfit)
    func unfitNames(_ form: Form, _ name: String) throws {
        #expect(BundleName.fault(name) != nil)
        let sink = try form.sink(workplace.path("x"))
        #expect(throws: BundleFileError.self) { try sink.add(name, bytes: []) }
    }

    static let unordered = [
        ["b", "a"], ["a", "a"], ["a/b", "a"], ["a", "a/b"], ["a", "a-", "a/b"], ["a", "a.b/c", "a/b"], ["B", "a", "C"],
    ]

    @Test("Names out of order, twice, or both file and folder are refused", arguments: Form.allCases, unordered)
    func order(_ form: Form, _ names: [String]) throws {
        let sink = try form.sink(workplace.path("x"))
        #expect(throws: BundleFileError.self) { for name in names { try sink.add(name, bytes: []) } }
    }

    @Test("Names in the order of bytes are taken, whatever their folders", arguments: Form.allCases)
    func goodOrder(_ form: Form) throws {
        let names = ["A", "a-", "a.b/c", "a/b", "a/b0/c", "a0", "b"]
        try form.sink(workplace.path("x")).write(names.map { File(name: $0, bytes: Array($0.utf8)) })
        let source: any BundleSource = form == .zip ? try ZIPReader(path: workplace.path("x")) : try FolderReader(path: workplace.path("x"))
        #expect(try source.files().map(\.name) == names)
    }

    enum Trap: String, CaseIterable, Sendable {
        case link, linkedFolder, pipe, otherName, emptyFolder, growing, shrinking
    }

    @Test("A folder with anything but fit, quiet, regular files is refused", arguments: Trap.allCases)
    func traps(_ trap: Trap) throws {
        try workplace.write([1, 2, 3], to: "x/a")
        try workplace.write([1], to: "outside/f")
        let inside = workplace.path("x/b")
        switch trap {
        case .link: try FileManager.default.createSymbolicLink(atPath: inside, withDestinationPath: "a")
        case .linkedFolder: try FileManager.default.createSymbolicLink(atPath: inside, withDestinationPath: "../outside")
        case .pipe: #expect(mkfifo(inside, 0o600) == 0)
        case .otherName: try workplace.write([], to: "x/b c")
        case .emptyFolder: try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: false)
        case .growing, .shrinking: break
        }
        #expect(throws: BundleFileError.self) {
            try FolderReader(path: workplace.path("x")).walk { _, _, _ in
                if trap == .growing { try workplace.write([1, 2, 3, 4], to: "x/a") }
                if trap == .shrinking { try workplace.write([1], to: "x/a") }
            }
        }
    }

    @Test("A ZIP that is a link's target is read, and one that is no file is refused")
    func opening() throws {
        try ZIPWriter(path: workplace.path("z")).write([File(name: "a", bytes: [1])])
        try FileManager.default.createSymbolicLink(atPath: workplace.path("l"), withDestinationPath: "z")
        #expect(try ZIPReader(path: workplace.path("l")).refusal() == nil)
        #expect(throws: BundleFileError.self) { try ZIPReader(path: workplace.folder.path) }
        #expect(throws: BundleFileError.self) { try ZIPReader(path: workplace.path("absent")) }
        #expect(throws: BundleFileError.self) { try ZIPWriter(path: workplace.path("absent/z")) }
    }
}
