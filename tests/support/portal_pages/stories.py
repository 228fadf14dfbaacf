"""Ten stories of a province that does not exist, with their gold values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

HANOI = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Story:
    """A story. A part of `body` that begins with `## ` is a heading, with `- ` an item of a list, with `> ` a quotation."""

    slug: str
    title: str
    lead: str
    body: tuple[str, ...]
    picture: str
    caption: str
    author: str
    section: str
    published: datetime

    @property
    def text(self) -> str:
        return "\n".join(part.removeprefix("## ").removeprefix("- ").removeprefix("> ") for part in self.body)


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=HANOI)


STORIES = (
    Story(
        slug="khoi-cong-duong-tinh-254",
        title="Khởi công đường tỉnh 254 nối hai huyện miền núi",
        lead="Sáng 23/11, tại xã Nà Pài, Ủy ban nhân dân tỉnh tổ chức lễ khởi công đường tỉnh 254 với tổng vốn 412 tỷ đồng.",
        body=(
            "Tuyến đường dài 38 km, điểm đầu giao với quốc lộ 3B tại xã Nà Pài, điểm cuối tại trung tâm xã Khuổi Lùng, đi qua "
            "bảy xã của hai huyện. Mặt đường rộng 7,5 m, thiết kế theo tiêu chuẩn đường cấp IV miền núi.",
            "Phát biểu tại buổi lễ, Phó Chủ tịch Ủy ban nhân dân tỉnh Hoàng Văn Lâm đề nghị chủ đầu tư và nhà thầu tập trung "
            "nhân lực, thiết bị, thi công “ba ca, bốn kíp” ngay từ những ngày đầu.",
            "> Con đường này bà con chờ đã hơn mười năm, nên chậm một ngày là có lỗi với dân một ngày.",
            "Theo ban quản lý dự án, đến nay 31 km mặt bằng đã được bàn giao; 7 km còn lại sẽ xong trước Tết Nguyên đán. "
            "Có 214 hộ dân bị ảnh hưởng, trong đó 46 hộ phải tái định cư tại hai khu mới ở Nà Pài và Bản Chang.",
            "Dự án dự kiến hoàn thành vào quý III năm 2028, rút ngắn thời gian đi lại giữa hai huyện từ ba giờ xuống còn một giờ.",
        ),
        picture="/uploads/2026/11/khoi-cong-254.jpg",
        caption="Lãnh đạo tỉnh bấm nút khởi công đường tỉnh 254",
        author="Minh Hạnh",
        section="Kinh tế",
        published=_at(23, 10, 35),
    ),
    Story(
        slug="tiem-chung-vung-cao",
        title="Đưa vắc-xin sởi đến tận bản vùng cao Khuổi Lùng",
        lead="Từ đầu tháng 11, các trạm y tế xã của huyện Bắc Sơn đã tiêm vắc-xin sởi cho gần 3.200 trẻ em ở 41 bản xa nhất.",
        body=(
            "Chúng tôi theo đoàn của Trung tâm Y tế huyện vượt 14 km đường rừng vào bản Khuổi Lùng, nơi có 63 trẻ trong độ tuổi "
            "tiêm chủng nhưng chưa có đường ô tô.",
            "Y sĩ Nông Thị Bích cho biết mỗi chuyến đi phải mang theo hai phích lạnh, giữ nhiệt độ từ 2 đến 8 độ C trong suốt "
            "chín giờ đồng hồ.",
            "## Không để sót trẻ nào",
            "Trước khi đoàn đến, trưởng bản đã đi từng nhà lập danh sách, cả những cháu theo bố mẹ lên nương. Nhờ vậy, tỷ lệ tiêm "
            "ở các bản xa đạt 97%, cao hơn năm ngoái 12 điểm phần trăm.",
            "Trong tháng 12, ngành y tế sẽ tiêm vét cho khoảng 90 trẻ còn lại và tập huấn xử trí phản ứng sau tiêm cho 18 trạm.",
        ),
        picture="/uploads/2026/11/tiem-chung.jpg",
        caption="Y sĩ Nông Thị Bích tiêm vắc-xin cho trẻ ở bản Khuổi Lùng",
        author="Thu Hương",
        section="Y tế",
        published=_at(24, 8, 15),
    ),
    Story(
        slug="hoc-sinh-noi-tru",
        title="Hơn 900 học sinh nội trú có nhà ăn mới trước mùa rét",
        lead="Ba nhà ăn bán kiên cố vừa được đưa vào sử dụng tại các trường phổ thông dân tộc nội trú của huyện Bắc Sơn.",
        body=(
            "Trước đây, học sinh Trường Nội trú Bản Chang phải ăn dưới mái tôn không có vách; những ngày nhiệt độ xuống dưới 8 độ "
            "C, cơm canh nguội ngay khi vừa chia.",
            "Nhà ăn mới rộng 320 m2, đủ chỗ cho 310 em, có bếp một chiều và bồn nước nóng năng lượng mặt trời. Kinh phí 2,1 tỷ "
            "đồng do ngân sách huyện và các nhà hảo tâm đóng góp.",
            "Hiệu trưởng Lý Văn Páo nói các thầy cô mừng nhất là từ nay không còn em nào bỏ bữa tối vì rét.",
            "Huyện đặt mục tiêu đến năm học 2028 – 2029, tất cả 11 trường nội trú, bán trú đều có nhà ăn kiên cố.",
        ),
        picture="/uploads/2026/11/nha-an.jpg",
        caption="Bữa trưa đầu tiên của học sinh trong nhà ăn mới",
        author="Bế Thị Hoa",
        section="Giáo dục",
        published=_at(22, 16, 5),
    ),
    Story(
        slug="gia-hoi-xuat-khau",
        title="Hồi Bắc Sơn được giá, thương lái vào tận rừng mua",
        lead="Giá hoa hồi khô đang ở mức 165.000 đồng/kg, cao nhất trong năm năm qua, giúp nhiều hộ thu hàng trăm triệu đồng.",
        body=(
            "Đang vụ thu hái cuối năm, các ngả đường vào xã Tân Lập tấp nập xe tải. Gia đình ông Triệu Văn Sinh có 2,5 ha hồi, "
            "mỗi ngày hái được gần một tạ hoa tươi.",
            "Toàn huyện hiện có 8.400 ha hồi, trong đó 5.100 ha cho thu hoạch, sản lượng ước đạt 11.000 tấn hoa tươi.",
            "Nguyên nhân giá tăng được các doanh nghiệp nêu ra gồm:",
            "- Nhu cầu của Ấn Độ và Trung Quốc tăng mạnh trước lễ, tết",
            "- Nhiều diện tích hồi ở vùng khác mất mùa vì mưa đá",
            "- Hai nhà máy tinh dầu mới đi vào hoạt động trong tỉnh",
            "Ngành nông nghiệp khuyến cáo bà con không hái non, không chặt cành, và phơi sấy đúng cách để giữ chỉ dẫn địa lý.",
        ),
        picture="/uploads/2026/11/hoi.jpg",
        caption="Bà con xã Tân Lập phơi hoa hồi",
        author="Hoàng Văn Tài",
        section="Kinh tế",
        published=_at(25, 6, 50),
    ),
    Story(
        slug="canh-bao-lua-dao-dien",
        title="Cảnh báo cuộc gọi giả danh ngành điện đòi cắt điện",
        lead="Công an tỉnh vừa phát đi cảnh báo sau khi bảy gia đình mất tổng cộng 1,3 tỷ đồng vì các cuộc gọi giả danh.",
        body=(
            "Theo cơ quan điều tra, kẻ gian gọi điện tự xưng là nhân viên điện lực, báo khách hàng nợ tiền và sẽ bị cắt điện sau "
            "hai giờ nếu không cài một ứng dụng do chúng gửi.",
            "Khi nạn nhân cài ứng dụng, điện thoại bị chiếm quyền điều khiển; tiền trong tài khoản được chuyển đi trong vài phút, "
            "thường vào lúc đêm khuya.",
            "Điện lực tỉnh khẳng định không thu tiền qua điện thoại và không yêu cầu khách hàng cài ứng dụng ngoài kho chính thức.",
            "Người dân khi nghi ngờ cần gọi tổng đài của điện lực, không bấm vào đường dẫn lạ, và trình báo công an nơi gần nhất.",
        ),
        picture="/uploads/2026/11/lua-dao.jpg",
        caption="Cán bộ công an xã hướng dẫn người dân nhận biết cuộc gọi giả",
        author="Lê Quang Dũng",
        section="Pháp luật",
        published=_at(26, 14, 20),
    ),
    Story(
        slug="le-hoi-long-tong",
        title="Lễ hội Lồng Tồng năm nay mở rộng ra bốn xã",
        lead="Ban tổ chức cho biết Lễ hội Lồng Tồng sẽ diễn ra trong ba ngày đầu tháng Giêng, với nhiều nghi lễ được phục dựng.",
        body=(
            "Lễ hội xuống đồng của người Tày, Nùng trước nay chỉ tổ chức ở xã Bắc Quỳnh; lần này có thêm Tân Lập, Nà Pài và Vũ "
            "Lăng cùng tham gia.",
            "Phần lễ có rước nước, cúng thần nông và đường cày đầu năm. Phần hội có ném còn, đẩy gậy, kéo co, thi giã bánh giầy và "
            "hát then trên thuyền.",
            "Nghệ nhân Dương Thị Mai, 78 tuổi, đang dạy hai đội thiếu niên những bài then cổ mà bà học từ năm mười hai tuổi.",
            "Huyện dự kiến đón khoảng 25.000 lượt khách; các nhà sàn cộng đồng đã nhận đặt chỗ kín đến rằm tháng Giêng.",
        ),
        picture="/uploads/2026/11/long-tong.jpg",
        caption="Các thiếu nữ Tày tập ném còn chuẩn bị cho lễ hội",
        author="Dương Thu Trang",
        section="Văn hóa",
        published=_at(21, 9, 30),
    ),
    Story(
        slug="chuyen-doi-so-xa",
        title="Xã vùng III giải quyết 92% hồ sơ qua mạng",
        lead="Sau một năm thực hiện đề án chuyển đổi số, xã Vũ Lăng trở thành xã vùng III đầu tiên của tỉnh đạt mốc này.",
        body=(
            "Bộ phận một cửa của xã bây giờ yên tĩnh lạ thường. Người dân nộp hồ sơ tại nhà văn hóa thôn, nơi có máy tính nối mạng "
            "và hai thành viên tổ công nghệ số cộng đồng trực mỗi chiều.",
            "Từ tháng 1 đến nay, xã tiếp nhận 2.846 hồ sơ, trong đó 2.618 hồ sơ được nộp và trả kết quả trực tuyến; không có hồ sơ "
            "nào quá hạn.",
            "## Cán bộ đi học cùng dân",
            "Chủ tịch xã Ma Văn Kiên kể rằng khó nhất không phải là máy móc mà là thói quen. Xã đã mở 34 buổi học buổi tối, có "
            "buổi chỉ vì ba cụ già muốn biết cách xem lương hưu.",
            "Năm tới, xã sẽ thí điểm chữ ký số miễn phí cho 1.500 người trưởng thành.",
        ),
        picture="/uploads/2026/11/mot-cua.jpg",
        caption="Tổ công nghệ số cộng đồng hướng dẫn người dân nộp hồ sơ",
        author="Nguyễn Khánh Linh",
        section="Chuyển đổi số",
        published=_at(20, 15, 45),
    ),
    Story(
        slug="cuu-ho-lu-quet",
        title="Xuyên đêm cứu chín người mắc kẹt vì lũ quét",
        lead="Mưa lớn đêm 26/11 gây lũ quét ở suối Nà Pài; lực lượng cứu hộ đã đưa được chín người mắc kẹt ra ngoài an toàn.",
        body=(
            "Khoảng 22 giờ, nước suối dâng hơn hai mét chỉ trong nửa tiếng, cô lập lán trại của một nhóm công nhân trồng rừng.",
            "Nhận tin báo, Ban chỉ huy quân sự huyện điều 28 chiến sĩ cùng xuồng cao su đến hiện trường. Do nước chảy xiết, phải "
            "đến 3 giờ sáng, đội cứu hộ mới căng được dây qua suối.",
            "Người cuối cùng được đưa ra lúc 5 giờ 10 phút. Hai công nhân bị thương nhẹ, đang được theo dõi tại trạm y tế xã.",
            "Theo đài khí tượng thủy văn, trong hai ngày tới khu vực còn mưa từ 60 đến 100 mm, có nơi trên 150 mm; nguy cơ sạt lở "
            "rất cao ở các xã Nà Pài, Khuổi Lùng và Bản Chang.",
            "Ủy ban nhân dân huyện yêu cầu di dời ngay 57 hộ ở ven suối, tạm dừng đi lại trên ba tuyến đường liên xã.",
        ),
        picture="/uploads/2026/11/cuu-ho.jpg",
        caption="Bộ đội căng dây đưa công nhân qua suối Nà Pài lúc rạng sáng",
        author="Vi Đức Anh",
        section="Thời sự",
        published=_at(27, 7, 5),
    ),
    Story(
        slug="nghi-quyet-hdnd",
        title="Hội đồng nhân dân tỉnh thông qua 14 nghị quyết",
        lead="Chiều 25/11, kỳ họp thứ 21 Hội đồng nhân dân tỉnh bế mạc sau hai ngày làm việc khẩn trương.",
        body=(
            "Tại phiên bế mạc, các đại biểu biểu quyết thông qua 14 nghị quyết, trong đó có nghị quyết về kế hoạch đầu tư công năm "
            "2027 và chính sách hỗ trợ giáo viên vùng đặc biệt khó khăn.",
            "Theo nghị quyết, giáo viên dạy tại 22 xã vùng III được hỗ trợ thêm 1,2 triệu đồng mỗi tháng, kể từ ngày 01/01/2027.",
            "Phiên chất vấn tập trung vào tiến độ giải ngân vốn đầu tư, cấp nước sạch ở khu tái định cư, và việc quản lý đất rừng "
            "sau giao khoán.",
            "Chủ tọa kỳ họp đề nghị Ủy ban nhân dân tỉnh báo cáo kết quả khắc phục những hạn chế đã nêu trước ngày 31/3/2027.",
        ),
        picture="/uploads/2026/11/ky-hop.jpg",
        caption="Quang cảnh phiên bế mạc kỳ họp",
        author="Trần Quốc Bình",
        section="Chính trị",
        published=_at(25, 17, 40),
    ),
    Story(
        slug="giai-bong-da-u15",
        title="U15 Bắc Sơn lần đầu vào bán kết giải trẻ quốc gia",
        lead="Thắng 2-1 trước đội chủ nhà ở phút bù giờ, các cầu thủ trẻ miền núi tạo bất ngờ lớn nhất của giải năm nay.",
        body=(
            "Trên sân ướt mưa, U15 Bắc Sơn bị dẫn trước ngay phút thứ tám. Đến phút 61, Hứa Văn Tuấn đánh đầu gỡ hòa từ quả phạt "
            "góc.",
            "Bước ngoặt đến ở phút 90+3, khi tiền đạo vào sân thay người Lục Minh Khôi cướp bóng giữa sân, dốc thẳng 40 mét rồi sút "
            "chéo góc.",
            "Huấn luyện viên Đàm Trung Thành nói cả đội chỉ có 19 cầu thủ, phần lớn vừa học nội trú vừa tập hai buổi mỗi tuần.",
            "Ở bán kết ngày 29/11, đội sẽ gặp đương kim vô địch. Gần hai trăm cổ động viên đã đăng ký đi xe xuống sân cổ vũ.",
        ),
        picture="/uploads/2026/11/u15.jpg",
        caption="Các cầu thủ U15 Bắc Sơn ăn mừng bàn thắng quyết định",
        author="Phạm Gia Huy",
        section="Thể thao",
        published=_at(24, 21, 12),
    ),
)
