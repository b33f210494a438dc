import CConfinement
import CPoppler
import CRaster
import ExtractionWire
import Glibc

/// Shows a page of the document of this process, which is confined, as a PNG, and ends. JPEG, PNG and PDF are shown; the libraries of
/// other image kinds are where most of the holes were.
func showPage(_ request: PageRequest, _ warm: WarmLibraries) -> Never {
    var answer = AnswerWriter()
    guard let document = Document(descriptor: CONFINEMENT_DOCUMENT) else { answer.notShown(.damaged, "not a regular file") }
    guard let (mediaType, _) = document.kind(warm.magic) else { answer.notShown(.damaged, "its kind cannot be determined") }
    answer.kind(mediaType)
    switch mediaType {
    case "application/pdf": showPDF(document, request, answer)
    case "image/jpeg": showImage(document, request, raster_read_jpeg, answer)
    case "image/png": showImage(document, request, raster_read_png, answer)
    default: answer.notRead()
    }
}

private func showPDF(_ source: Document, _ request: PageRequest, _ answer: consuming AnswerWriter) -> Never {
    // Without any font the words of many documents would be missing from the picture, and nobody would see that they are.
    guard let fonts = FcConfigGetFonts(nil, FcSetSystem), fonts.pointee.nfont > 0 else {
        answer.notShown(.noFonts, "no fonts are installed")
    }
    let document: OpaquePointer
    do throws(PDFReader.Failure) {
        document = try PDFReader.open(source)
    } catch {
        answer.notShown(error.isEncrypted ? .encrypted : .damaged, error.reason)
    }
    let count = min(max(Int(poppler_document_get_n_pages(document)), 0), Frame.pageCountAtMost)
    guard request.page <= count else { answer.noSuchPage(count: count) }
    guard let page = poppler_document_get_page(document, Int32(request.page - 1)) else {
        answer.notShown(.damaged, "page \(request.page) of the PDF cannot be opened")
    }
    guard let surface = PageDrawing.draw(page, width: request.width, height: request.height) else {
        answer.notShown(.damaged, "page \(request.page) of the PDF cannot be drawn")
    }
    send(
        raster(
            width: UInt32(cairo_image_surface_get_width(surface)), height: UInt32(cairo_image_surface_get_height(surface)),
            stride: Int(cairo_image_surface_get_stride(surface)), pixels: cairo_image_surface_get_data(surface)),
        request, answer)
}

private typealias Decoder =
    @convention(c) (
        UnsafePointer<UInt8>?, Int, raster_request, UnsafeMutablePointer<raster>?, UnsafeMutablePointer<CChar>?
    ) -> raster_outcome

private func showImage(_ source: Document, _ request: PageRequest, _ decode: Decoder, _ answer: consuming AnswerWriter) -> Never {
    guard source.isWhole else { answer.notShown(.damaged, "an image of more than \(Document.mapped >> 20) MiB") }
    guard request.page == 1 else { answer.noSuchPage(count: 1) }
    guard let header = ImageHeader(source.bytes) else { answer.notShown(.damaged, "the header of the image is damaged") }
    let tooMany = "\(header.width) × \(header.height) pixels are more than \(request.limits.sourcePixels)"
    guard header.height <= request.limits.sourcePixels / header.width else { answer.notShown(.tooManyPixels, tooMany) }
    let orientation = header.orientation ?? 1
    // What is turned by a quarter has to fit when it has been turned.
    let isAcross = (5...8).contains(orientation)
    let size = raster_request(
        width: UInt32(isAcross ? request.height : request.width), height: UInt32(isAcross ? request.width : request.height),
        source_pixels: UInt64(request.limits.sourcePixels))
    var pixels = raster()
    var reason = [CChar](repeating: 0, count: Int(RASTER_REASON_SIZE))
    var outcome = decode(source.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), source.bytes.count, size, &pixels, &reason)
    if outcome == RASTER_DONE { outcome = raster_turn(&pixels, Int32(orientation)) }
    switch outcome {
    case RASTER_DONE: send(pixels, request, answer)
    // The decoder has found another header than we did.
    case RASTER_TOO_MANY_PIXELS: answer.notShown(.tooManyPixels, tooMany)
    case RASTER_NO_MEMORY: _exit(CONFINEMENT_EXIT_MEMORY)
    default: answer.notShown(.damaged, String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}

private func send(_ pixels: raster, _ request: PageRequest, _ answer: consuming AnswerWriter) -> Never {
    var pixels = pixels
    var bytes: UnsafeMutablePointer<UInt8>?
    var size = 0
    switch raster_write_png(&pixels, request.limits.imageSize, &bytes, &size) {
    case RASTER_DONE: answer.image(UnsafeBufferPointer(start: bytes, count: size))
    case RASTER_TOO_LONG: answer.notShown(.tooLong, "its image has more than \(request.limits.imageSize) bytes")
    default: _exit(CONFINEMENT_EXIT_MEMORY)
    }
}

enum PageDrawing {
    /// Draws what is printed of a page on white, as large as fits: the fields of forms, visible signatures among them, and no other
    /// annotations. `nil` where that fails.
    static func draw(_ page: OpaquePointer, width: Int, height: Int) -> OpaquePointer? {
        var (wide, high) = (0.0, 0.0)
        poppler_page_get_size(page, &wide, &high)
        guard wide.isFinite, high.isFinite, wide > 0, high > 0 else { return nil }
        let scale = min(Double(width) / wide, Double(height) / high)
        let columns = min(max((wide * scale).rounded(), 1), Double(width))
        let rows = min(max((high * scale).rounded(), 1), Double(height))
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(columns), Int32(rows)),
            let context = cairo_create(surface)
        else { return nil }
        defer { cairo_destroy(context) }
        cairo_set_source_rgb(context, 1, 1, 1)
        cairo_paint(context)
        cairo_scale(context, columns / wide, rows / high)
        poppler_page_render_for_printing_with_options(page, context, POPPLER_PRINT_DOCUMENT)
        cairo_surface_flush(surface)
        switch cairo_status(context) {
        case CAIRO_STATUS_SUCCESS: return surface
        case CAIRO_STATUS_NO_MEMORY: _exit(CONFINEMENT_EXIT_MEMORY)
        default: return nil
        }
    }
}
