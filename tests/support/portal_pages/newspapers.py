"""Papers, blogs and clubs: VCCorp's CMS, FPT's, WordPress, Drupal and Joomla."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from .markup import body, links, menu
from .stories import Story


def vccorp(story: Story, others: Sequence[Story], number: int) -> str:
    """Parts told by data-role; a related box and a topic box within the body; a portrait beside the author's name."""
    data = {
        "@context": "http://schema.org", "@type": "NewsArticle", "headline": story.title, "description": story.lead,
        "datePublished": story.published.isoformat(), "image": {"@type": "ImageObject", "url": _absolute("tre", story)},
        "author": {"@type": "Person", "name": story.author}, "articleSection": story.section,
    }  # fmt: skip
    half = len(story.body) // 2
    box = links(
        others[:2],
        "<li class='VCSortableInPreviewMode'><a href='/{slug}.htm'><img src='https://tre.bacson.example/zoom/320_200{picture}'></a>"
        "<h4><a href='/{slug}.htm'>{title}</a></h4></li>",
    )
    topic = f"""<div class="detail-topic-box"><a href="/chu-de-{number}.htm"><img src="/zoom/600_315/chu-de.jpg">Chuyện vùng cao</a>
<p class="intro">{escape(others[2].lead)}</p><a href="/chu-de-{number}.htm">Đọc tiếp</a> <a href="/chu-de.htm">Về trang Chủ đề</a>
</div>"""
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{escape(story.title)}</title>
<meta name="description" content="{escape(story.lead)}"><meta property="og:title" content="{escape(story.title)}">
<meta property="og:image" content="{_absolute("tre", story)}"><meta property="article:published_time"
 content="{story.published.isoformat()}"><script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script></head>
<body class="detail-page"><div class="header"><div class="menu-nav"><ul>{menu()}</ul></div></div>
<div class="main"><div class="detail__breadcrumb"><a href="/{number}.htm" data-role="cate-name">{story.section}</a></div>
<h1 class="detail-title article-title" data-role="title">{escape(story.title)}</h1>
<div class="detail-info"><a class="avatar"><img src="/zoom/36_36/tacgia-{number}.jpg" width="36" height="36"></a>
<div class="detail-author author" data-role="author">{escape(story.author)}</div>
<div class="detail-time"><div data-role="publishdate">{story.published:%d/%m/%Y %H:%M} GMT+7</div></div></div>
<div class="social-pin"><a href="javascript:;" title="Chia sẻ Facebook">Facebook</a><a class="zalo">Zalo</a></div>
<h2 class="detail-sapo sapo" data-role="sapo">{escape(story.lead)}</h2>
<div class="detail-cmain"><div class="detail-content afcbc-body" data-role="content" itemprop="articleBody">
<figure class="VCSortableInPreviewMode" type="Photo"><div><img src="https://tre.bacson.example{story.picture}" width="2048"
 height="1365" alt="{escape(story.caption)} - Ảnh 1."></div><figcaption class="PhotoCMS_Caption"><p>{escape(story.caption)}</p>
</figcaption></figure>
{body(story.body[:half])}
<div class="VCSortableInPreviewMode link-content-footer" type="RelatedNewsBox" data-style="align-left"><div class="kbwscwl-relatedbox">
<ul class="kbwscwlr-list">{box}</ul></div></div>
{body(story.body[half:])}
{topic}</div></div>
<div class="detail-tab"><ul class="detail-tags"><li><a href="/t1.htm">Bắc Sơn</a></li><li><a href="/t2.htm">vùng cao</a></li></ul></div>
<div class="box-comment"><div class="title">Bình luận (2)</div><p>Tin vui quá, mong bà con có thêm nhiều công trình như vậy.</p></div>
<div class="box-category"><a class="box-category-title">Tin cùng chuyên mục</a>{box}</div></div>
<div class="footer"><p>Cơ quan của Hội Nhà báo tỉnh. Tổng biên tập: Lê Thế Vinh. Giấy phép số 99/GP-BTTTT.</p></div></body></html>"""


def _absolute(host: str, story: Story) -> str:
    return f"https://{host}.bacson.example{story.picture}"


def fpt(story: Story, others: Sequence[Story], number: int) -> str:
    """`fck_detail` with Normal paragraphs, the picture in a lazy `picture` element, the author at the end in bold."""
    weekday = ("Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật")[story.published.weekday()]
    when = f"{weekday}, {story.published.day}/{story.published:%m/%Y, %H:%M} (GMT+7)"
    empty = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{
        escape(story.title)
    } - Express Bắc Sơn</title>
<meta name="description" content="{escape(story.lead)} - Express"><meta property="og:title" content="{
        escape(story.title)
    } - Express">
<meta name="pubdate" content="{story.published.isoformat()}"><meta property="og:image" content="{
        _absolute("express", story)
    }"></head>
<body data-source="Detail"><section class="section top-header"><div class="container"><a class="logo" href="/">Express</a>
<span class="time-now">Thứ bảy, 28/11/2026</span></div></section><section class="section wrap-main-nav"><nav class="main-nav">
<ul class="parent">{menu()}</ul></nav></section><section class="section page-detail top-detail"><div class="container">
<div class="sidebar-1"><div class="header-content width_common"><ul class="breadcrumb"><li><a href="/{number}">{
        story.section
    }</a></li>
</ul><span class="date">{when}</span></div>
<h1 class="title-detail">{escape(story.title)}</h1><p class="description">{escape(story.lead)}</p>
<article class="fck_detail"><figure itemprop="associatedMedia image" class="tplCaption action_thumb"><div class="fig-picture">
<picture><source data-srcset="{_absolute("express", story)}?w=680 1x, {_absolute("express", story)}?w=1020 1.5x"><img
 itemprop="contentUrl" class="lazy" src="{empty}" data-src="{_absolute("express", story)}" alt="{
        escape(story.caption)
    }"></picture></div>
<figcaption itemprop="description"><p class="Image">{escape(story.caption)}</p></figcaption></figure>
{body(story.body, '<p class="Normal">{}</p>')}
<p class="Normal" style="text-align:right;"><strong>{escape(story.author)}</strong></p>
<ul class="list-news" data-campaign="Box-Related"><li><a href="/{others[0].slug}.html">{
        escape(others[0].title)
    }</a></li>
<li><a href="/{others[1].slug}.html">{escape(others[1].title)}</a></li></ul></article>
<div class="footer-content width_common"><div class="social"><a class="item-social">Trở lại {
        story.section
    }</a></div></div>
<div class="box-tinlienquanv2"><h3>Tin liên quan</h3>{
        links(
            others,
            "<article class='item-news'><h4><a href='/{slug}'>{title}</a></h4>"
            "<p class='description'>{lead}</p></article>",
        )
    }</div>
<div id="box_comment"><div class="box_comment_vne"><h3>Ý kiến (1)</h3><p class="full_content">Mong tòa soạn theo dõi tiếp sự việc này
và thông tin cho bạn đọc được biết kết quả.</p></div></div></div></div></section>
<footer class="footer"><p>© 2026. Toàn bộ bản quyền thuộc Express Bắc Sơn</p></footer></body></html>"""


def wordpress(story: Story, others: Sequence[Story], number: int) -> str:
    """A block theme with Yoast's graph, Jetpack's share bar and related posts within the content, comments behind it."""
    url = f"https://blog.bacson.example/{story.slug}/"
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "Article", "headline": story.title, "datePublished": story.published.isoformat(),
             "author": {"name": story.author, "@id": "https://blog.bacson.example/#/person/1"}, "articleSection": [story.section],
             "image": {"@id": f"{url}#primaryimage"}, "thumbnailUrl": _absolute("blog", story)},
            {"@type": "WebPage", "@id": url, "name": f"{story.title} - Góc Bắc Sơn", "datePublished": story.published.isoformat()},
            {"@type": "Person", "@id": "https://blog.bacson.example/#/person/1", "name": story.author},
        ],
    }  # fmt: skip
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="UTF-8"><title>{escape(story.title)} - Góc Bắc Sơn</title>
<meta name="description" content="{escape(story.lead)}"><meta property="og:title" content="{escape(story.title)}">
<meta property="og:image" content="{_absolute("blog", story)}"><meta property="article:section" content="{story.section}">
<script type="application/ld+json" class="yoast-schema-graph">{json.dumps(graph, ensure_ascii=False)}</script></head>
<body class="wp-singular post-template-default single single-post"><div class="wp-site-blocks"><header class="wp-block-template-part">
<p class="site-title"><a href="/">Góc Bắc Sơn</a></p><nav class="wp-block-navigation"><ul>{menu()}</ul></nav></header>
<main id="content" class="site-main"><article class="post-{number} post type-post hentry"><header class="entry-header">
<h1 class="entry-title">{escape(story.title)}</h1><div class="entry-meta"><span class="posted-on">Đăng ngày <a href="{url}">
<time class="entry-date published" datetime="{story.published.isoformat()}">{story.published:%d/%m/%Y}</time></a></span>
<span class="byline"> bởi <span class="author vcard"><a class="url fn n" href="/author/1/">{escape(story.author)}</a></span></span></div>
</header><div class="entry-content"><p><strong>{escape(story.lead)}</strong></p>
<figure class="wp-block-image size-large"><img loading="lazy" width="1024" height="683" src="{_absolute("blog", story)}" alt=""
 srcset="{_absolute("blog", story)} 1024w"><figcaption class="wp-element-caption">{escape(story.caption)}</figcaption></figure>
{body(story.body)}
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Chia sẻ:</h3><ul><li><a href="?share=twitter">Twitter</a></li>
<li><a href="?share=facebook">Facebook</a></li></ul></div><div id="jp-relatedposts" class="jp-relatedposts"><h3>Có liên quan</h3>
{links(others, "<div class='jp-relatedposts-post'><h4><a href='/{slug}/'>{title}</a></h4><p>{lead}</p></div>")}</div></div>
<footer class="entry-footer"><span class="cat-links"><a href="/category/1/" rel="category tag">{story.section}</a></span></footer></article>
<nav class="navigation post-navigation"><a href="/{others[0].slug}/" rel="prev">Bài trước: {escape(others[0].title)}</a></nav>
<div id="comments" class="comments-area"><h2>Một bình luận về “{escape(story.title)}”</h2><ol class="comment-list"><li class="comment">
<div class="comment-content"><p>Cảm ơn tác giả, bài viết làm tôi nhớ quê quá. Bao giờ có dịp tôi sẽ trở lại.</p></div></li></ol>
<form action="/wp-comments-post.php"><p>Thư điện tử của bạn sẽ không được hiển thị công khai.</p><textarea></textarea></form></div></main>
<footer><p>Góc Bắc Sơn, viết bằng WordPress.</p></footer></div></body></html>"""


def drupal(story: Story, others: Sequence[Story], number: int) -> str:
    """Drupal's fields: the picture and the body apart, `submitted` with author and date, a book navigation, blocks."""
    return f"""<!DOCTYPE html><html lang="vi" dir="ltr" prefix="content: http://purl.org/rss/1.0/modules/content/"><head>
<meta charset="utf-8"><meta name="Generator" content="Drupal 10 (https://www.drupal.org)">
<title>{escape(story.title)} | Huyện đoàn Bắc Sơn</title><link rel="canonical" href="https://doanthanhnien.bacson.example/node/{number}">
</head><body class="path-node page-node-type-article"><a href="#main-content" class="visually-hidden skip-link">Nhảy đến nội dung</a>
<div class="dialog-off-canvas-main-canvas"><header role="banner"><nav role="navigation"><ul class="menu">{menu()}</ul></nav>
<form action="/search/node" method="get"><label>Tìm kiếm</label><input type="search"></form></header><div class="region-breadcrumb">
<nav class="breadcrumb" role="navigation"><ol><li><a href="/">Trang chủ</a></li><li><a href="/t/{number}">{story.section}</a></li></ol></nav>
</div><main role="main"><a id="main-content" tabindex="-1"></a><div class="region region-content">
<div class="block-page-title-block"><h1 class="page-title"><span class="field field--name-title">{escape(story.title)}</span></h1></div>
<article data-history-node-id="{number}" class="node node--type-article node--view-mode-full"><footer class="node__meta">
<div class="node__submitted submitted">Đăng bởi <span class="field field--name-uid author"><span lang="" class="username">{escape(story.author)}</span>
</span> vào <span class="field field--name-created"><time datetime="{story.published.isoformat()}" class="datetime">
{story.published:%d/%m/%Y - %H:%M}</time></span></div></footer><div class="node__content">
<div class="field field--name-field-summary field__item lead">{escape(story.lead)}</div>
<div class="field field--name-field-image field__item"><img src="{story.picture}" width="960" height="640" alt="{escape(story.caption)}">
</div><div class="clearfix text-formatted field field--name-body field--type-text-with-summary field__item">{body(story.body)}</div>
<div class="field field--name-field-tags field--label-above"><div class="field__label">Thẻ</div><div class="field__item"><a href="/t/1">Bắc
Sơn</a></div></div><ul class="links inline"><li><a href="/user/login?destination=/node/{number}">Đăng nhập</a> để gửi bình luận</li></ul>
</div></article><div class="views-element-container block-views"><h2>Bài viết mới</h2><div class="view-content">
{links(others, "<div class='views-row'><a href='/node/{slug}'>{title}</a><p>{lead}</p></div>")}</div></div></div></main>
<footer role="contentinfo"><p>Ban Chấp hành Đoàn huyện Bắc Sơn, nhiệm kỳ 2022 – 2027. Thiết kế bởi chi đoàn khối cơ quan.</p></footer></div>
</body></html>"""


def joomla(story: Story, others: Sequence[Story], number: int) -> str:
    """`item-page` with microdata, an info list with hits, the vote plugin, prev and next, latest articles beside it."""
    return f"""<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" xml:lang="vi-vn" lang="vi-vn"><head>
<meta charset="utf-8"><meta name="generator" content="Joomla! - Open Source Content Management"><meta name="author" content="Super User">
<title>{escape(story.title)}</title></head><body class="site com_content view-article"><div class="body"><header class="header">
<a class="brand" href="/">Trường Nội trú Bắc Sơn</a></header><nav class="navigation"><ul class="nav menu">{menu()}</ul></nav>
<div class="row-fluid"><div id="aside" class="span3"><div class="well _menu"><h3 class="page-header">Bài mới nhất</h3>
<ul class="latestnews mod-list">{links(others, "<li><a href='/{slug}'><span itemprop='name'>{title}</span></a></li>")}</ul></div></div>
<main id="content" class="span9"><div class="moduletable"><ul class="breadcrumb"><li><a href="/" class="pathway">Trang chủ</a></li>
<li class="active"><span>{story.section}</span></li></ul></div>
<div class="item-page" itemscope itemtype="https://schema.org/Article"><meta itemprop="inLanguage" content="vi-VN">
<div class="page-header"><h2 itemprop="headline">{escape(story.title)}</h2></div>
<div class="icons"><ul class="dropdown-menu"><li class="print-icon"><a href="?tmpl=component&amp;print=1">In</a></li>
<li class="email-icon"><a href="/mailto">Gửi email</a></li></ul></div>
<dl class="article-info muted"><dt class="article-info-term">Chi tiết</dt><dd class="createdby" itemprop="author" itemscope
 itemtype="https://schema.org/Person">Viết bởi <span itemprop="name">{escape(story.author)}</span></dd><dd class="category-name">Chuyên mục:
<a href="/c" itemprop="genre">{story.section}</a></dd><dd class="published"><time datetime="{story.published.isoformat()}"
 itemprop="datePublished">Được đăng: {story.published:%d Tháng %m %Y}</time></dd><dd class="hits"><meta itemprop="interactionCount"
 content="UserPageVisits:{number}">Lượt xem: {number + 21}</dd></dl>
<div class="content_rating"><p>Đánh giá: 5 / 5</p></div>
<div itemprop="articleBody"><p><strong>{escape(story.lead)}</strong></p><p style="text-align: center;"><img
 src="{story.picture}" alt="" width="600"></p><p style="text-align: center;"><em>{escape(story.caption)}</em></p>
{body(story.body)}</div>
<ul class="pager pagenav"><li class="previous"><a href="/{others[0].slug}" rel="prev">Trước</a></li><li class="next">
<a href="/{others[1].slug}" rel="next">Tiếp</a></li></ul></div></main></div>
<footer class="footer"><p class="pull-right"><a href="#top" id="back-top">Về đầu trang</a></p><p>© 2026 Trường Nội trú Bắc Sơn</p></footer>
</div></body></html>"""
