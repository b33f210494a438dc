/// What stands in a bag's folder: every file with its size, found without following a link.
struct BagTree {
    /// Folders deeper than this are not looked into.
    static let maximumDepth = 128

    let root: OpenFile
    private(set) var files: [[UInt8]: Int64] = [:]
    private(set) var folders: Set<[UInt8]> = []
    /// Symbolic links, pipes, devices: paths, and what they are in words.
    private(set) var others: [(path: [UInt8], what: String)] = []
    /// Files by name without regard to normal form: Swift compares text by canonical equivalence (Unicode §3.7, UAX #15).
    private var names: [String: [UInt8]] = [:]

    /// - Throws: ``BundleFileError`` when a folder cannot be read.
    init(_ path: String) throws(BundleFileError) {
        root = try OpenFile(reading: path, isFolder: true)
        try add(root, prefix: [], depth: 0)
    }

    private mutating func add(_ folder: OpenFile, prefix: [UInt8], depth: Int) throws(BundleFileError) {
        guard depth < Self.maximumDepth else {
            throw .malformed(path: root.path, entry: text(prefix), reason: "its folders are more than \(Self.maximumDepth) deep")
        }
        for name in try folder.names() {
            let path = prefix + name
            // Gone since it was listed: as if it had never been there.
            guard let status = try folder.status(of: name) else { continue }
            switch status.kind {
            case .file:
                files[path] = status.size
                names[text(path)] = path
            case .folder:
                folders.insert(path)
                try add(OpenFile(reading: name, in: folder, isFolder: true), prefix: path + [UInt8(ascii: "/")], depth: depth + 1)
            case .link: others.append((path, "is a symbolic link, and links are not followed"))
            case .other: others.append((path, "is neither a file nor a folder"))
            }
        }
    }

    /// The file whose name differs at most in its Unicode normal form.
    func file(equivalentTo path: [UInt8]) -> [UInt8]? { names[text(path)] }

    /// Opens a file for reading, component by component, so that no link is followed that appeared since.
    func open(_ path: [UInt8]) throws(BundleFileError) -> OpenFile {
        var folder = root
        let components = path.split(separator: UInt8(ascii: "/"))
        for component in components.dropLast() { folder = try OpenFile(reading: Array(component), in: folder, isFolder: true) }
        return try OpenFile(reading: Array(components.last ?? []), in: folder)
    }

    /// All bytes of a tag file; `nil` when it has more than `limit`.
    func contents(of path: [UInt8], limit: Int) throws(BundleFileError) -> [UInt8]? {
        let file = try open(path)
        let size = try file.status().size
        guard size <= limit else { return nil }
        var failure: BundleFileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            do throws(BundleFileError) {
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
