internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger

struct ShowPage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "page",
        abstract: "Write a page of an item as an image, made by a confined reader.",
        discussion: """
            Of a PDF what is printed of the page: form fields and visible signatures, but no annotations. A JPEG or PNG has one \
            page. The image is a PNG of pixels alone: nothing else of the file is in it. Writes a new file and never replaces one.

            EXAMPLES
              minhchung page ev-7h2k 1 --output page.png
              minhchung page ev-7h2k 3 --thumbnail --output - | file -
            """)

    @OptionGroup var options: ArchiveOptions

    @Flag(help: "Make a small image, of 320 pixels at most, instead of one for reading, of 1600.")
    var thumbnail = false

    @Option(name: .shortAndLong, help: "The file to write, or - for standard output.")
    var output: String

    @Argument(help: "The item's id, or enough of the beginning of it.")
    var item: String

    @Argument(help: "The page, from 1.")
    var page: Int

    func validate() throws {
        guard page >= 1 else { throw ValidationError("pages are counted from 1") }
    }

    func run() async throws {
        let image = try await options.withArchive { archive in
            try await archive.pageImage(item, page: page, size: thumbnail ? .thumbnail : .page, by: options.actor)
        }
        try OutputFile.write(image.png, to: output)
        guard output != "-" else { return }
        let name = DepositSource(path: RawArguments.bytes(of: output), metadata: EvidenceMetadata()).displayPath
        if options.json {
            printJSON([
                "path": .string(name), "width": .integer(Int64(image.width)), "height": .integer(Int64(image.height)),
                "size": .integer(Int64(image.png.count)), "sha256": .string(image.etag.hex),
            ])
        } else if !options.quiet {
            printLine("wrote \(name) (\(image.width) × \(image.height), \(byteCount(Int64(image.png.count))))")
        }
    }
}
