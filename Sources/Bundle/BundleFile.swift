/// Where the files of a bundle are written, one after the other: a ZIP file or a folder.
///
/// Files are added in strictly ascending order of the bytes of their names. Nothing has the bundle's own name before
/// ``finish()``, and nothing stays after ``discard()``, or when the last reference goes without ``finish()``.
public protocol BundleSink: AnyObject {
    /// Adds one file; when it returns the bytes are written, and durable only after ``finish()``.
    ///
    /// - Parameters:
    ///   - name: components of `[0-9A-Za-z._-]` joined by `/`, behind every earlier name (see ``BundleName``).
    ///   - size: how many bytes the file has.
    ///   - body: calls `write` with all of them in order, in pieces of any length; pieces of 1 MiB are fastest.
    /// - Throws: ``BundleFileError``, or what `body` throws, unchanged. After either the sink takes nothing more.
    func add(_ name: String, size: Int64, _ body: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws

    /// Makes the bundle durable under its name; when it returns, it survives power loss. What has that name already stays.
    /// - Throws: ``BundleFileError``; nothing is left then.
    func finish() throws(BundleFileError)

    /// Removes what was written. Does nothing after ``finish()``.
    func discard()
}

extension BundleSink {
    /// Adds a file whose bytes are in memory.
    /// - Throws: ``BundleFileError``.
    public func add(_ name: String, bytes: [UInt8]) throws {
        try add(name, size: Int64(bytes.count)) { write in try bytes.withUnsafeBytes { try write($0) } }
    }
}

/// What a bundle's files are read from: a ZIP file or a folder.
public protocol BundleSource {
    /// Visits every file, in ascending order of the bytes of the names; memory does not grow with the files.
    ///
    /// When it returns without throwing, all of the bundle was read and its form is right. Until then nothing is: what
    /// `visit` saw may stand in a bundle that is refused further on.
    /// - Parameter visit: gets the name, the size in bytes, and a function that hands the bytes over in pieces of 1 MiB (the
    ///   last is shorter); it is of no use after the visit. The bytes of the file are right only when that function has
    ///   returned. A file whose bytes are not asked for is read and checked all the same; asking for them twice is an error.
    /// - Throws: ``BundleFileError`` that names the entry and what is wrong with it, even when `visit` swallowed it; or what
    ///   `visit` throws, unchanged.
    func walk(
        _ visit: (
            _ name: String, _ size: Int64, _ read: @escaping (_ piece: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) throws -> Void
    ) throws
}

/// What could not be done with a bundle's file or folder, to what, and why.
public enum BundleFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A system call failed while `act` was done to `object`.
    case system(act: String, object: String, errno: Int32)
    /// The bundle to write has a name that is taken; what is there was left as it is.
    case exists(path: String)
    /// The name may not stand in a bundle, or not at this place.
    case unfitName(name: String, reason: String)
    /// The body of a file gave another number of bytes than was announced.
    case sizeDiffers(name: String, announced: Int64, given: Int64)
    /// The sink failed before, was finished or discarded.
    case closed(path: String)
    /// The bundle is not of the one form that is accepted; `entry` is the file in it, where it is one file's fault.
    case malformed(path: String, entry: String?, reason: String)
    /// It was written to while it was being read.
    case changedWhileRead(path: String, entry: String?)
    /// A visitor asked twice for the bytes of one file.
    case readTwice(entry: String)

    /// One line: the act, the object and the cause.
    public var description: String {
        switch self {
        case .system(let act, let object, let errno): "cannot \(act) \(displayed(object)): \(systemMessage(errno))"
        case .exists(let path): "cannot write \(displayed(path)): something has this name already; choose another"
        case .unfitName(let name, let reason): "cannot add “\(displayed(name))” to a bundle: \(reason)"
        case .sizeDiffers(let name, let announced, let given):
            "cannot add “\(displayed(name))” to a bundle: \(announced) bytes were announced and \(given) given"
        case .closed(let path): "cannot write \(displayed(path)): writing it failed or ended before"
        case .malformed(let path, let entry, let reason):
            "cannot accept \(displayed(path)): " + (entry.map { "entry “\(displayed($0))”: " } ?? "") + reason
        case .changedWhileRead(let path, let entry):
            "cannot read \(displayed(path)): "
                + (entry.map { "“\(displayed($0))”" } ?? "it") + " was changed while it was being read; read it again"
        case .readTwice(let entry): "cannot read entry “\(displayed(entry))” twice in one walk"
        }
    }
}

/// The text with control characters made visible, so that a hostile name cannot break or fake a line.
func displayed(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : Character($0) })
}

/// What a file in a bundle may be called. The characters are those that no file system, shell, checksum tool or ZIP program
/// treats in a way of its own, so that no name needs an escape anywhere (compare RFC 8493 §2.1.3).
public enum BundleName {
    /// The most bytes that a name may have.
    public static let maximumLength = 1024
    /// The most bytes between two slashes, as most file systems have it.
    public static let maximumComponentLength = 255
    /// The most components.
    public static let maximumDepth = 32
    /// The most files in one bundle: what is kept for each while it is read then fits in some hundred megabytes.
    public static let maximumCount = 1 << 20

    /// Why this is not the name of a file in a bundle; `nil` when it is one.
    public static func fault(_ name: String) -> String? { fault(Array(name.utf8)) }

    static func fault(_ name: some BidirectionalCollection<UInt8>) -> String? {
        guard !name.isEmpty else { return "the name is empty" }
        guard name.count <= maximumLength else { return "the name has more than \(maximumLength) bytes" }
        let components = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.count <= maximumDepth else { return "the name has more than \(maximumDepth) components" }
        for component in components {
            guard !component.isEmpty else { return "the name has an empty component" }
            guard component.count <= maximumComponentLength else {
                return "a component of the name has more than \(maximumComponentLength) bytes"
            }
            guard !component.elementsEqual(".".utf8), !component.elementsEqual("..".utf8) else {
                return "“.” and “..” are no components of a name"
            }
            guard component.allSatisfy(isAllowed) else { return "the name has a character other than [0-9A-Za-z._-] and /" }
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// The names of a bundle as they come: each fit, each behind the one before, none both a file and a folder. Memory is that
/// of the longest name, however many come.
struct EntryOrder {
    /// Earlier names that the last one begins with, shortest first: in ascending order nothing else can be its folder.
    private var prefixes: [[UInt8]] = []
    private var count = 0

    /// Takes the next name in; answers why it may not come next.
    mutating func fault(next name: [UInt8]) -> String? {
        if let fault = BundleName.fault(name) { return fault }
        count += 1
        guard count <= BundleName.maximumCount else { return "the bundle has more than \(BundleName.maximumCount) files" }
        if let last = prefixes.last {
            guard last != name else { return "the name comes twice" }
            guard last.lexicographicallyPrecedes(name) else { return "the name does not come behind the one before, “\(text(last))”" }
        }
        while let last = prefixes.last, !name.starts(with: last) { prefixes.removeLast() }
        if let file = prefixes.first(where: { name[$0.count] == UInt8(ascii: "/") }) {
            return "“\(text(file))” is a file and cannot be a folder too"
        }
        prefixes.append(name)
        return nil
    }
}

/// The bytes as text; what is not UTF-8 is replaced, so this is for reading only.
func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// How many bytes are handed over at once.
let pieceSize = 1 << 20
